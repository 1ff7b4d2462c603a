import { Argument, Command } from 'commander';
import type { Context } from '../context.ts';

export function completionCommand(context: Context): Command {
  return new Command('completion')
    .description('print a script for your shell that completes commands, accounts and settings')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      '\nExample:\n  bash:  eval "$(codex-hotswap completion bash)"      in ~/.bashrc\n' +
        '  zsh:   eval "$(codex-hotswap completion zsh)"       in ~/.zshrc, after compinit\n' +
        '  fish:  codex-hotswap completion fish | source       in ~/.config/fish/config.fish',
    )
    .action((shell: keyof typeof SCRIPTS) => {
      for (const line of SCRIPTS[shell].split('\n')) context.say(line);
    });
}

/** Each script calls `codex-hotswap complete`, so an update of codex-hotswap needs no new script. */
const SCRIPTS = {
  // Without candidates the shell completes file names (-o default), for `import`, `explain` and `rule add`.
  bash: `_codex_hotswap() {
  local IFS=$'\\n'
  COMPREPLY=($(codex-hotswap complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _codex_hotswap codex-hotswap`,
  zsh: `_codex_hotswap() {
  local -a described
  local line
  for line in "\${(@f)$(codex-hotswap complete --described -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#described )); then _describe 'codex-hotswap' described; else _files; fi
}
compdef _codex_hotswap codex-hotswap`,
  fish: `complete -c codex-hotswap -f -a '(codex-hotswap complete --described -- (commandline -opc)[2..-1] (commandline -ct))'
complete -c codex-hotswap -n '__fish_seen_subcommand_from import explain add' -F`,
} as const;
