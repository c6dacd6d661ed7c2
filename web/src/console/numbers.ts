// Numbers, moments and durations, as the console writes them.

const SHORT = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const TIME = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });
const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export const number = (value: number) => SHORT.format(value);

/** How many of something: "1 event", "2 events". */
export const counted = (value: number, what: string) => `${number(value)} ${what}${value === 1 ? "" : "s"}`;

export const perSecond = (value: number | null) => (value === null ? "" : `${number(value)}/s`);

export const seconds = (value: number) => (value && value < 1 ? `${number(1000 * value)} ms` : `${number(value)} s`);

/** The time of day. */
export const time = (at: string) => TIME.format(new Date(at));

/** Day and time; as it stands where it is neither. */
export const moment = (at: string) => (Number.isNaN(Date.parse(at)) ? at : MOMENT.format(new Date(at)));
