// Runs the next batch as soon as the page of the last one is there.
document.getElementById("continue").requestSubmit();
