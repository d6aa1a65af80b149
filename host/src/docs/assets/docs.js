// Shows the surface's document in the viewer. What is typed into the page for signing is read when a request is sent, and kept
// nowhere else.
"use strict";

(() => {
  const field = (name) => document.getElementById(name)?.value.trim() ?? "";

  // Requests are sent to where this page was opened, whatever address the document names first.
  const here = location.origin + location.pathname.replace(/\/docs$/, "");

  const code = async (secret, message) => {
    const bytes = new TextEncoder();
    const hash = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytes.encode(secret), hash, false, ["sign"]);
    const signature = await crypto.subtle.sign("HMAC", key, bytes.encode(message));
    return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  // HMAC-SHA256 of `{timestamp}.{body}`, in the headers that the surface names.
  const sign = async (request, names) => {
    const [key, secret] = [field("sign-key"), field("sign-secret")];
    if (!key || !secret) return request;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const body = typeof request.body === "string" ? request.body : "";
    request.headers[names.key] = key;
    request.headers[names.timestamp] = timestamp;
    request.headers[names.signature] = await code(secret, `${timestamp}.${body}`);
    return request;
  };

  const start = async () => {
    const signing = document.getElementById("signing")?.dataset;
    if (signing && !globalThis.crypto?.subtle) {
      document.getElementById("insecure").hidden = false;
    }
    const spec = await (await fetch("openapi.json")).json();
    const elsewhere = spec.servers.filter((server) => server.url !== here);
    spec.servers = [{ url: here }, ...elsewhere];
    SwaggerUIBundle({
      spec,
      domNode: document.getElementById("viewer"),
      presets: [SwaggerUIBundle.presets.apis],
      layout: "BaseLayout",
      deepLinking: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      defaultModelExpandDepth: 3,
      displayRequestDuration: true,
      filter: true,
      tryItOutEnabled: true,
      persistAuthorization: false,
      validatorUrl: null,
      requestInterceptor: (request) => (signing && !request.loadSpec ? sign(request, signing) : request),
      onComplete: () => document.body.classList.add("ready"),
    });
  };

  start().catch((error) => {
    document.getElementById("viewer").textContent = `The document cannot be shown: ${error.message}`;
  });
})();
