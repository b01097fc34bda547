// Hours, minutes and seconds of a time left, for countdown.js and idle-warning.js.

// A declaration, as a page that has both loads this file twice.
function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
