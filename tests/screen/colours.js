// How colours are read off a page, for the scripts that measure it: window.colours = {read, ofLetters}.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  // A CSS colour as [red, green, blue, alpha], of 255 and of 1.
  const read = (name) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = name;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  // The colour of an element's letters; in a drawing that is what they are filled with.
  const ofLetters = (element) => {
    const { fill, color } = getComputedStyle(element);
    return read(element instanceof SVGElement ? fill : color);
  };
  window.colours = { read, ofLetters };
}
