/* Hovering over a moment, which is shown in UTC, tells it in the local time of the reader. */
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}
