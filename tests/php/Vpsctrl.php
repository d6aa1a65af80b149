<?php

namespace Paymenter\Extensions\Servers\Vpsctrl;

use App\Classes\Extension\Server;
use Illuminate\Support\Facades\Http;

class Vpsctrl extends Server
{
    private function call($method, $path, $body = [])
    {
        $host = rtrim($this->config('host'), '/');
        $req = Http::withToken($this->config('key'))
            ->acceptJson()
            ->timeout(20);
        $r = $method === 'GET'
            ? $req->get($host . $path)
            : $req->{strtolower($method)}($host . $path, $body);
        if (!$r->ok()) throw new \Exception('VPSCtrl ' . $path . ': ' . $r->body());
        return $r->json();
    }

    /** Called by Paymenter when an invoice is paid and the service must be provisioned. */
    public function createServer($user, $params, $order, $product, $configurableOptions)
    {
        // 1) Make sure the customer exists on VPSCtrl
        $u = $this->call('POST', '/api/v1/paymenter/user.create', [
            'email' => $user->email,
            'name' => $user->name,
        ]);

        // 2) Provision the server via a one-shot signed order on VPSCtrl.
        //    Reuse VPSCtrl's reseller signup path or your panel-internal
        //    provisioning endpoint here. Store the returned service_id
        //    on the Paymenter service row.
        $svc = $this->call('POST', '/api/v1/reseller/provision-server', [
            'email' => $user->email,
            'package_id' => (int) $product->settings->get('package_id'),
            'group_id' => (int) $product->settings->get('group_id'),
            'os_id' => (int) $product->settings->get('os_id'),
            'hostname' => $params['hostname'] ?? null,
        ]);

        // Persist the VPSCtrl service id back onto the Paymenter row.
        $order->update(['external_id' => $svc['service_id']]);

        return true;
    }

    public function suspendServer($user, $params, $order, $product)
    {
        $this->call('POST', '/api/v1/paymenter/server.suspend', ['service_id' => $order->external_id]);
        return true;
    }

    public function unsuspendServer($user, $params, $order, $product)
    {
        $this->call('POST', '/api/v1/paymenter/server.unsuspend', ['service_id' => $order->external_id]);
        return true;
    }

    public function terminateServer($user, $params, $order, $product)
    {
        $this->call('POST', '/api/v1/paymenter/server.terminate', ['service_id' => $order->external_id]);
        return true;
    }
}
