<?php

/*
 * php drive.php HOST KEY ORDER-FILE ACTION [JSON]
 *
 * Does one thing that Paymenter does with its extension and prints what came of it, as JSON.
 */

require __DIR__ . '/paymenter.php';
require __DIR__ . '/Vpsctrl.php';

[, $host, $key, $file, $action] = $argv;
$input = json_decode($argv[5] ?? '{}', false, flags: JSON_THROW_ON_ERROR);

$settings['services.vpsctrl.host'] = $host;
$settings['services.vpsctrl.key'] = $key;

$extension = new Paymenter\Extensions\Servers\Vpsctrl\Vpsctrl(['host' => $host, 'key' => $key]);
$user = (object) ['email' => $input->email ?? 'customer@example.com', 'name' => $input->name ?? 'Customer Name'];
$params = isset($input->hostname) ? ['hostname' => $input->hostname] : [];
$order = new App\Models\Order($file);
// As they come out of a form: text.
$product = (object) ['settings' => collect(['package_id' => '3', 'group_id' => '1', 'os_id' => '42'])];

try {
    $result = match ($action) {
        'settings' => require __DIR__ . '/index.php',
        'createServer' => $extension->createServer($user, $params, $order, $product, []),
        'suspendServer', 'unsuspendServer', 'terminateServer' => $extension->$action($user, $params, $order, $product),
        'invoicePaid' => (function () use ($input, $user) {
            require __DIR__ . '/listener.php';
            // Paymenter multiplies and adds in floating point, whatever the database holds.
            $total = $input->total ?? array_sum(array_map(fn ($item) => $item->price * $item->quantity, $input->items));
            $invoice = (object) ['id' => $input->invoice_id, 'total' => $total, 'user' => $user];
            Illuminate\Support\Facades\Event::dispatch(new App\Events\Invoice\Paid($invoice));
            return true;
        })(),
    };
    echo json_encode(['result' => $result, 'external_id' => $order->external_id]), "\n";
} catch (Throwable $e) {
    echo json_encode(['exception' => get_class($e), 'message' => $e->getMessage()]), "\n";
    exit(1);
}
