// Search where the site is opened as a file: browsers start no worker from file:, so a hidden frame is one.
"use strict";
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const scope = frame.contentWindow;
      const load = (source) => new Promise((done, failed) => {
        const script = scope.document.createElement("script");
        script.onload = done;
        script.onerror = failed;
        script.src = new URL(source, document.baseURI);
        scope.document.body.append(script);
      });
      scope.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      scope.importScripts = async (...sources) => {
        for (const source of sources) await load(source);
      };
      this.scope = scope;
      this.loaded = load(address);
    }

    postMessage(data) {
      this.loaded.then(() => this.scope.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.scope.frameElement.remove();
    }
  };
}
