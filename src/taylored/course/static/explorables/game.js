/** A game in a plot: the score above it, probes that cannot be taken back. */

import { mount } from "./kit/figure.js";

export const render = mount({ game: true });
