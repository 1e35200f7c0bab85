// A component that is drawn again only if one of its properties is another one (by ===): rows of long lists.
import { Component, h } from "preact";

const differ = (one, other) => Object.keys(one).some((name) => one[name] !== other[name]);

export function memo(View) {
  return class extends Component {
    shouldComponentUpdate(next) {
      return differ(next, this.props) || differ(this.props, next);
    }

    render() {
      return h(View, this.props);
    }
  };
}
