/** Times as people read them; the exact one is always in the title. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const clockText = (iso) => CLOCK.format(new Date(iso));

export const dayText = (iso) => DAY.format(new Date(iso));

export const isoText = (iso) => new Date(iso).toISOString();

const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** How long ago, in the largest unit that fits. */
export function agoText(milliseconds) {
  const seconds = Math.round((milliseconds - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return AGO.format(Math.round(seconds / size), unit);
}

export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export const minutesBetween = (a, b) => Math.abs(new Date(b) - new Date(a)) / 60000;
