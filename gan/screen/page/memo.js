// A component that is drawn again only if one of its properties is another object than before.
import { Component } from "preact";
import { html } from "arena/html.js";

const differ = (one, other) => Object.keys({ ...one, ...other }).some((key) => one[key] !== other[key]);

export const memo = (View) =>
  class extends Component {
    shouldComponentUpdate(next) {
      return differ(this.props, next);
    }
    render(props) {
      return html`<${View} ...${props} />`;
    }
  };
