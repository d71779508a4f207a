/** Times as people read them; the exact one is always in the title. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const clockText = (iso) => CLOCK.format(new Date(iso));

export const dayText = (iso) => DAY.format(new Date(iso));

export const isoText = (iso) => new Date(iso).toISOString();

export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export const minutesBetween = (a, b) => Math.abs(new Date(b) - new Date(a)) / 60000;
