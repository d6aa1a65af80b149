<?php

use App\Events\Invoice\Paid;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Http;

Event::listen(Paid::class, function (Paid $e) {
    Http::withToken(config('services.vpsctrl.key'))
        ->post(config('services.vpsctrl.host') . '/api/v1/paymenter/invoice.paid', [
            'invoice_id' => $e->invoice->id,
            'amount' => $e->invoice->total,
            'user_email' => $e->invoice->user->email,
        ])
        ->throw();
});
