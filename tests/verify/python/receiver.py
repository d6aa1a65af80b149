import hmac, hashlib, os
from flask import Flask, request, abort
app = Flask(__name__)
SECRET = os.environ['RENOVAX_WEBHOOK_SECRET'].encode()
@app.post('/webhooks/renovax')
def hook():
    body = request.get_data()
    expected = 'sha256=' + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get('X-Renovax-Signature', '')):
        abort(400)
    # request.get_json() is safe now
    with open(os.environ['ACCEPTED'], 'a') as accepted:
        accepted.write(request.get_json()['event_type'] + '\n')
    return {'ok': True}
if __name__ == '__main__':
    app.run('127.0.0.1', int(os.environ['PORT']))
