<?php

return [
    'name' => 'Vpsctrl',
    'description' => 'Provision VPS servers via VPSCtrl panel',
    'version' => '1.0.0',
    'author' => 'You',
    'settings' => [
        ['name' => 'host', 'label' => 'VPSCtrl host', 'type' => 'text', 'required' => true],
        ['name' => 'key', 'label' => 'API key (vfc_live_…)', 'type' => 'password', 'required' => true],
    ],
    'product_settings' => [
        ['name' => 'package_id', 'label' => 'VPSCtrl package id', 'type' => 'number', 'required' => true],
        ['name' => 'group_id', 'label' => 'Hypervisor group id', 'type' => 'number', 'required' => true],
        ['name' => 'os_id', 'label' => 'OS template id', 'type' => 'number', 'required' => true],
    ],
];
