<?php

/*
 * Just enough of a Paymenter to carry the extension: the base class, the event and the models it touches.
 * The HTTP client, the event dispatcher, the facades and the collections are Laravel's own.
 */

namespace {
    // Debian's packages each bring a class map; the client needs Guzzle, which it only suggests.
    require_once 'Illuminate/Container/autoload.php';
    require_once 'Illuminate/Events/autoload.php';
    require_once 'Illuminate/Http/autoload.php';
    require_once 'GuzzleHttp/autoload.php';

    // This release of Laravel is older than the interpreter and says so on every call.
    error_reporting(E_ALL & ~E_DEPRECATED);

    $settings = [];

    /** Laravel's helper, for the two values that the listener reads. */
    function config(string $name)
    {
        global $settings;
        return $settings[$name] ?? null;
    }

    $container = new Illuminate\Container\Container();
    $container->singleton('events', fn ($c) => new Illuminate\Events\Dispatcher($c));
    $container->singleton(Illuminate\Http\Client\Factory::class, fn () => new Illuminate\Http\Client\Factory());
    Illuminate\Container\Container::setInstance($container);
    Illuminate\Support\Facades\Facade::setFacadeApplication($container);
}

namespace App\Classes\Extension {
    /** What an extension of the kind "server" inherits. */
    abstract class Server
    {
        public function __construct(private array $config)
        {
        }

        public function config(string $name)
        {
            return $this->config[$name] ?? null;
        }
    }
}

namespace App\Events\Invoice {
    class Paid
    {
        public function __construct(public object $invoice)
        {
        }
    }
}

namespace App\Models {
    /** A row of Paymenter's orders, which keeps what it is told between two runs of this program. */
    class Order
    {
        public ?string $external_id = null;

        public function __construct(private string $file)
        {
            if (is_file($file)) {
                $this->external_id = json_decode(file_get_contents($file), true, flags: JSON_THROW_ON_ERROR)['external_id'];
            }
        }

        public function update(array $changes): void
        {
            foreach ($changes as $name => $value) {
                $this->$name = $value;
            }
            file_put_contents($this->file, json_encode(['external_id' => $this->external_id]));
        }
    }
}
