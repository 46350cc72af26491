const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });

/** As the clock on the wall shows it, with the day unless that is today. */
export function clockText(at: string | Date): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? time.format(date) : `${time.format(date)}, ${day.format(date)}`;
}
