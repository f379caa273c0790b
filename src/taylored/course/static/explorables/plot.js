/** A plot: axes, layers, handles, controls, words. */

import { mount } from "./kit/figure.js";

export const render = mount();
