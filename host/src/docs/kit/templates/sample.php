#!/usr/bin/env php
<?php
// %ABOUT%
//
// %USAGE%
// Needs PHP 8.1 or newer and no extension.
declare(strict_types=1);

$base_url = rtrim(getenv('BASE_URL') ?: %BASE_URL%, '/');
%VARIABLES%
// Some values are taken only once: this makes those of every run its own.
$run = (string) (int) (microtime(true) * 1000);
$failures = 0;

/** Proves who calls; $body is what is sent, byte by byte. */
function authorize(array &$headers, string $key, string $body): void
{
%AUTHORIZE%
}

/** Sends a request and gives what the answer says. */
function call(string $name, string $method, string $path, ?string $key = null, array $query = [], mixed $body = null): mixed
{
    global $base_url, $failures;
    if ($key === '') {
        echo "$name: skipped, its key is not set\n\n";
        return null;
    }
    $url = $base_url . $path . ($query ? '?' . http_build_query($query) : '');
    $headers = ['Accept: application/json'];
    $data = $body === null ? '' : json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
    if ($data !== '') {
        $headers[] = 'Content-Type: application/json';
    }
    if ($key !== null) {
        authorize($headers, $key, $data);
    }
    $context = stream_context_create(['http' => [
        'method' => $method,
        'header' => implode("\r\n", $headers),
        'content' => $data,
        'ignore_errors' => true,
        'timeout' => 30,
    ]]);
    $stream = fopen($url, 'r', false, $context);
    if ($stream === false) {
        $failures += 1;
        return null;
    }
    $text = (string) stream_get_contents($stream);
    preg_match('/ (\d{3})/', stream_get_meta_data($stream)['wrapper_data'][0], $matches);
    $status = (int) $matches[1];
    if ($status >= 400) {
        $failures += 1;
    }
    echo "$name: $status\n$text\n\n";
    return json_decode($text, true);
}

/** What an answer has at a JSON Pointer (RFC 6901). */
function pick(mixed $answer, string $pointer): mixed
{
    foreach (array_slice(explode('/', $pointer), 1) as $step) {
        $answer = is_array($answer) ? ($answer[$step] ?? null) : null;
    }
    return $answer;
}

/** A value as a part of a path. */
function segment(mixed $value): string
{
    return rawurlencode((string) $value);
}

%CALLS%
exit($failures ? 1 : 0);
