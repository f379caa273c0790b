/** A page of the course comes alive: connection, figures, exercises, progress. */

import { Connection } from "./page/connection.js";
import { startExercises } from "./page/exercises.js";
import { startFigures } from "./page/figures.js";
import { startReading } from "./page/reading.js";

const connection = new Connection(document.querySelector(".banner"));
connection.on("notice", ({ message }) => connection.notice(message));
const { lesson } = document.body.dataset;
if (lesson) connection.on("open", () => connection.send({ type: "seen", lesson }));
startFigures(connection);
startExercises(connection);
if (document.querySelector("[data-said]")) {
  import("./page/progress.js").then(({ startProgress }) => startProgress());
}
startReading();
document.documentElement.dataset.ready = "true"; // for tests and benchmarks
