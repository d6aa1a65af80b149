import fs from 'node:fs';
import crypto from 'crypto';
import express from 'express';
const app = express();
const SECRET = process.env.RENOVAX_WEBHOOK_SECRET;
// IMPORTANT: capture the raw body — body-parser JSON would stringify it back.
app.post('/webhooks/renovax',
express.raw({ type: 'application/json' }),
(req, res) => {
const sig = req.header('X-Renovax-Signature') || '';
const expected = 'sha256=' + crypto.createHmac('sha256', SECRET)
.update(req.body).digest('hex');
if (!crypto.timingSafeEqual(Buffer.from(sig), Buffer.from(expected))) {
return res.status(400).json({ error: 'bad_signature' });
}
const event = JSON.parse(req.body.toString());
// handle event.event, event.invoice, event.payment …
fs.appendFileSync(process.env.ACCEPTED, event.event_type + '\n');
res.json({ ok: true });
});
app.listen(Number(process.env.PORT), '127.0.0.1');
