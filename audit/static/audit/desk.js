/* Hovering over a moment, which is shown in UTC, tells it in the local time of the reader and the language of the page. */
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = new Date(time.dateTime).toLocaleString(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" });
}
