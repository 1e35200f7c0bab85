// Says something to those who listen to the page instead of looking at it.
export function announce(text) {
  const place = document.getElementById("announcement");
  if (place.textContent !== text) place.textContent = text;
}
