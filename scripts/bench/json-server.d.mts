export const NOTIFICATION: string;
