<?php
$secret = getenv('RENOVAX_WEBHOOK_SECRET');
$body = file_get_contents('php://input');
$sig = $_SERVER['HTTP_X_RENOVAX_SIGNATURE'] ?? '';
$expect = 'sha256=' . hash_hmac('sha256', $body, $secret);
if (!hash_equals($expect, $sig)) { http_response_code(400); exit; }
$event = json_decode($body, true);
// …
file_put_contents(getenv('ACCEPTED'), $event['event_type'] . "\n", FILE_APPEND);
