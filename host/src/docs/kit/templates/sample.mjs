#!/usr/bin/env node
// %ABOUT%
//
// %USAGE%
// Needs Node 18 or newer and nothing else.
import { createHmac } from "node:crypto";

const BASE_URL = (process.env.BASE_URL ?? %BASE_URL%).replace(/\/+$/, "");
%VARIABLES%
// Some values are taken only once: this makes those of every run its own.
const RUN = String(Date.now());
let failures = 0;

/** Proves who calls; `body` is what is sent, byte by byte. */
function authorize(headers, key, body) {
%AUTHORIZE%
}

/** Sends a request and gives what the answer says. */
async function call(name, method, path, { key = null, query = {}, body } = {}) {
  if (key === "") {
    console.log(`${name}: skipped, its key is not set\n`);
    return null;
  }
  const url = new URL(BASE_URL + path);
  for (const [field, value] of Object.entries(query)) url.searchParams.set(field, value);
  const headers = { Accept: "application/json" };
  const data = body === undefined ? "" : JSON.stringify(body);
  if (data) headers["Content-Type"] = "application/json";
  if (key !== null) authorize(headers, key, data);
  const response = await fetch(url, {
    method,
    headers,
    body: data || undefined,
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (response.status >= 400) failures += 1;
  console.log(`${name}: ${response.status}\n${text}\n`);
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What an answer has at a JSON Pointer (RFC 6901). */
const pick = (answer, pointer) =>
  pointer.split("/").slice(1).reduce((value, step) => value?.[step], answer);

/** A value as a part of a path. */
const segment = (value) => encodeURIComponent(String(value));

%CALLS%
process.exit(failures ? 1 : 0);
