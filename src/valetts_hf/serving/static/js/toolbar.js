/** The tools over the drawing area. */

import { filled } from "./curve.js";
import { all, at, complain, press, say } from "./messages.js";

export class Toolbar {
  /** @param {object} parts sketch, view, edited(): told after each edit, chosen(): told when another layer or tool is. */
  constructor({ sketch, view, edited, chosen }) {
    this.tool = "draw";
    const edit = (id, key, change) => {
      at(id).addEventListener("click", () => {
        const before = sketch.curves;
        change(view.scene.layer);
        edited();
        say(sketch.curves === before ? "status.nothing" : key);
      });
    };
    const ifDrawn = (change) => (layer) => {
      if (!sketch.curves[layer].every(Number.isNaN)) change(layer);
    };
    edit("undo", "status.undone", () => sketch.undo());
    edit("redo", "status.redone", () => sketch.redo());
    edit("smooth", "status.smoothed", ifDrawn((layer) => sketch.smooth(layer)));
    edit("flatter", "status.scaled", ifDrawn((layer) => sketch.scale(layer, 0.85)));
    edit("livelier", "status.scaled", ifDrawn((layer) => sketch.scale(layer, 1 / 0.85)));
    edit("clear", "status.cleared", ifDrawn((layer) => sketch.clear(layer)));
    at("trace").addEventListener("click", () => {
      if (!sketch.length) return complain("error.noPrediction");
      const { layer } = view.scene;
      sketch.replace(layer, filled(view.scene.predicted[layer]));
      edited();
      return say("status.traced");
    });
    at("zoom-in").addEventListener("click", () => view.setZoom(view.zoom * 1.5));
    at("zoom-out").addEventListener("click", () => view.setZoom(view.zoom / 1.5));
    sketch.addEventListener("change", () => {
      at("undo").disabled = !sketch.canUndo;
      at("redo").disabled = !sketch.canRedo;
    });

    const frame = document.querySelector(".score");
    for (const button of all("button[data-layer]")) {
      button.addEventListener("click", () => {
        view.show({ layer: button.dataset.layer });
        press("button[data-layer]", (one) => one === button);
        frame.dataset.layer = button.dataset.layer;
        chosen();
      });
    }
    for (const button of all("button[data-tool]")) {
      button.addEventListener("click", () => {
        this.tool = button.dataset.tool;
        press("button[data-tool]", (one) => one === button);
        frame.dataset.tool = this.tool;
      });
    }
  }
}
