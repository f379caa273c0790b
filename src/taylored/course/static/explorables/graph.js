/** A computational graph: values above its nodes, adjoints below, a walk along them by keyboard. */

import { mount } from "./kit/figure.js";

export const render = mount();
