/** find returns the element of the page with an id. */
export function find(id) {
  return document.getElementById(id);
}

/** make returns a new element. Text of other people becomes part of a page by nothing but this and textContent. */
export function make(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
