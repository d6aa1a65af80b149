use serde_json::{Value, json};

use crate::{Host, buy, by_hand, call, get, host, refused, write};

const NOTCH: &str = "365bfa21803249ee9b634fe890c9d43f";
const JEB: &str = "853c80ef3c3749fdaa49938b674adae6";

fn joins(host: &mut Host, secret: &str, uuid: &str, name: &str) {
    let event = json!([{
        "username_id": uuid, "username": name, "ip": "127.0.0.1", "event_type": "server.join",
        "event_date": "2027-01-15T08:00:00+00:00",
    }]);
    call(host, secret, "POST", "/events", &event, 204);
}

#[test]
fn a_player_is_looked_up_by_name_number_and_id_of_the_game() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    by_hand(&mut host, &secret, 13, "Notch", "2.99");
    joins(&mut host, &secret, NOTCH, "Notch");
    let user = get(&mut host, &secret, "/user/notch");
    assert_eq!(
        user["player"],
        json!({
            "id": NOTCH, "created_at": "2027-01-15T08:00:00+00:00", "updated_at": "2027-01-15T08:00:00+00:00",
            "cache_expire": "2027-01-15T08:01:00+00:00",
            "username": "Notch", "meta": "", "plugin_username_id": 1,
        })
    );
    assert_eq!(
        (&user["banCount"], &user["chargebackRate"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(user["purchaseTotals"].to_string(), r#"{"USD":12.98}"#);
    assert_eq!(
        user["payments"][1],
        json!({ "txn_id": transaction, "time": 1_800_000_000, "price": 9.99, "currency": "USD", "status": 1 })
    );
    for name in [NOTCH, "365BFA21-8032-49EE-9B63-4FE890C9D43F", "1", "NOTCH"] {
        assert_eq!(get(&mut host, &secret, &format!("/user/{name}")), user, "{name}");
        let packages = get(&mut host, &secret, &format!("/player/{name}/packages"));
        assert_eq!(packages.as_array().unwrap().len(), 2);
    }
    let one = get(&mut host, &secret, "/player/1/packages?package=11");
    let expected = json!([{
        "txn_id": transaction, "date": "2027-01-15T08:00:00+00:00", "quantity": 1, "package": { "id": 11, "name": "VIP" },
    }]);
    assert_eq!(one, expected);
    refused(&mut host, &secret, "GET", "/user/nobody", "", 404);
    refused(&mut host, &secret, "GET", "/player/99/packages", "", 404);
    refused(&mut host, &secret, "GET", "/player/1/packages?package=x", "", 422);
}

#[test]
fn what_is_missing_of_a_player_is_learnt_when_the_player_joins() {
    let (mut host, secret) = host();
    joins(&mut host, &secret, NOTCH, "Notch");
    assert!(host.users().is_empty(), "whoever only visits is no customer");
    buy(&mut host, &secret, 11, "Notch");
    joins(&mut host, &secret, NOTCH, "Notch");
    assert_eq!(host.users()[0].external_ref, Some(format!("tebex:{NOTCH}")));
    // Bought by id; the name comes later.
    buy(&mut host, &secret, 11, JEB);
    assert_eq!(
        get(&mut host, &secret, &format!("/user/{JEB}"))["player"]["username"],
        JEB
    );
    joins(&mut host, &secret, JEB, "jeb_");
    assert_eq!(get(&mut host, &secret, "/user/jeb_")["player"]["id"], JEB);
    assert_eq!(host.users().len(), 2);
}

#[test]
fn a_name_that_changes_hands_is_the_new_players() {
    let (mut host, secret) = host();
    buy(&mut host, &secret, 11, "Notch");
    joins(&mut host, &secret, NOTCH, "Notch");
    buy(&mut host, &secret, 13, "jeb_");
    joins(&mut host, &secret, JEB, "jeb_");
    joins(&mut host, &secret, JEB, "Notch");
    assert_eq!(
        get(&mut host, &secret, "/user/Notch")["player"]["plugin_username_id"],
        json!(2)
    );
    assert_eq!(
        get(&mut host, &secret, &format!("/user/{NOTCH}"))["player"]["plugin_username_id"],
        json!(1)
    );
    refused(&mut host, &secret, "GET", "/user/jeb_", "", 404);
    joins(&mut host, &secret, NOTCH, "Notch");
    assert_eq!(
        get(&mut host, &secret, "/user/Notch")["player"]["plugin_username_id"],
        json!(1)
    );
}

#[test]
fn a_player_without_an_id_has_the_name_again_when_it_is_free() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 13, "Bob", "1");
    by_hand(&mut host, &secret, 13, "Notch", "1");
    joins(&mut host, &secret, NOTCH, "Notch");
    joins(&mut host, &secret, NOTCH, "Bob");
    assert_eq!(
        get(&mut host, &secret, "/user/Bob")["player"]["plugin_username_id"],
        json!(2)
    );
    joins(&mut host, &secret, NOTCH, "Notch");
    by_hand(&mut host, &secret, 13, "Bob", "1");
    assert_eq!(
        get(&mut host, &secret, "/user/Bob")["player"]["plugin_username_id"],
        json!(1)
    );
    assert_eq!(host.users().len(), 2);
}

#[test]
fn players_of_steam_have_decimal_ids_everywhere() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 11, "76561198000000001", "1");
    let queue = get(&mut host, &secret, "/queue");
    assert_eq!(queue["players"][0]["uuid"], "76561198000000001");
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(
        commands["commands"][0]["player"]["meta"],
        json!({ "steamID": "76561198000000001" })
    );
    let online = get(&mut host, &secret, "/queue/online-commands/1");
    assert_eq!(online["player"]["meta"]["steamID"], "76561198000000001");
}

#[test]
fn a_banned_player_cannot_buy() {
    let (mut host, secret) = host();
    buy(&mut host, &secret, 11, "Notch");
    joins(&mut host, &secret, NOTCH, "Notch");
    for (user, count) in [("notch", 1), (NOTCH, 2)] {
        let ban = call(
            &mut host,
            &secret,
            "POST",
            "/bans",
            &json!({ "user": user, "reason": "r" }),
            200,
        );
        assert_eq!(ban["data"]["user"], json!({ "ign": "Notch", "uuid": NOTCH }));
        assert_eq!(get(&mut host, &secret, "/user/Notch")["banCount"], json!(count));
    }
    let body = r#"{"package_id":11,"username":"Notch"}"#;
    let message = refused(&mut host, &secret, "POST", "/checkout", body, 422);
    assert_eq!(message, "This player is banned from the webstore.");
    // Banned before anything was bought.
    call(
        &mut host,
        &secret,
        "POST",
        "/bans",
        &json!({ "user": "griefer" }),
        200,
    );
    refused(
        &mut host,
        &secret,
        "POST",
        "/checkout",
        r#"{"package_id":11,"username":"griefer"}"#,
        422,
    );
    let bans = get(&mut host, &secret, "/bans");
    assert_eq!(bans["data"].as_array().unwrap().len(), 3);
    assert_eq!(
        bans["data"][0]["user"],
        json!({ "ign": "griefer", "uuid": "" }),
        "newest first"
    );
}

#[test]
fn a_ban_holds_however_the_name_is_spelled() {
    let (mut host, secret) = host();
    let ban = json!({ "user": "GriefER" });
    let answer = call(&mut host, &secret, "POST", "/bans", &ban, 200);
    assert_eq!(answer["data"]["user"]["ign"], "GriefER");
    write(&mut host, "bans", "71", &json!({ "ign": "looter" }));
    write(&mut host, "bans", "72", &json!({ "ign": "Cheater" }));
    write(
        &mut host,
        "bans",
        "73",
        &json!({ "ign": "Spammer", "key": "spammer" }),
    );
    for name in [
        "griefer", "GRIEFER", "GriefER", "looter", "Looter", "Cheater", "SPAMMER",
    ] {
        let body = json!({ "package_id": 11, "username": name }).to_string();
        let message = refused(&mut host, &secret, "POST", "/checkout", &body, 422);
        assert_eq!(message, "This player is banned from the webstore.", "{name}");
    }
}

#[test]
fn each_ban_counts_once() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 13, "Notch", "1");
    joins(&mut host, &secret, NOTCH, "Notch");
    for (id, ban) in [
        ("71", json!({ "ign": "Notch", "key": "notch", "uuid": NOTCH })),
        ("72", json!({ "ign": "notch" })),
        ("73", json!({ "ign": "Dinnerbone", "uuid": NOTCH })),
        ("74", json!({ "ign": "Dinnerbone" })),
    ] {
        write(&mut host, "bans", id, &ban);
    }
    assert_eq!(get(&mut host, &secret, "/user/Notch")["banCount"], json!(3));
}

#[test]
fn events_that_are_none_are_refused_and_leave_nothing() {
    let (mut host, secret) = host();
    buy(&mut host, &secret, 11, "Notch");
    for (body, status) in [("{}", 422), ("[", 400), ("", 400)] {
        refused(&mut host, &secret, "POST", "/events", body, status);
    }
    let before = host.fingerprint();
    for event in [
        json!([]),
        json!([5, null, {}, { "username_id": "x" }]),
        json!([{ "username_id": NOTCH, "username": "Notch", "event_type": "server.dance" }]),
        // As the SDK for C# sends it.
        json!([{ "username_id": NOTCH, "event_type": "server.join", "event_date": "2027-01-15", "ip": "127.0.0.1" }]),
        json!([{ "username_id": NOTCH, "username": "Notch", "event_type": "server.leave" }]),
        json!([{ "username_id": "no-id", "username": "Notch", "event_type": "server.join" }]),
    ] {
        call(&mut host, &secret, "POST", "/events", &event, 204);
        assert_eq!(before, host.fingerprint());
    }
    let event = json!({ "username_id": NOTCH, "username": "Notch", "event_type": "server.leave" });
    for (events, status) in [(1000, 204), (1001, 413)] {
        let body = Value::Array(vec![event.clone(); events]);
        call(&mut host, &secret, "POST", "/events", &body, status);
    }
    let large = "x".repeat(256 * 1024 + 1);
    refused(&mut host, &secret, "POST", "/events", &large, 413);
}

#[test]
fn what_servers_ask_at_their_start_is_answered() {
    let (mut host, secret) = host();
    for body in ["", "{}", r#"{"server":{"platform":"Bukkit"}}"#] {
        let reply = host.post("/analytics/startup").key(&secret).body(body).send();
        assert_eq!((reply.status, reply.json()), (200, json!({ "success": true })));
    }
    refused(&mut host, &secret, "GET", "/versions/bukkit", "", 404);
    host.set("plugin_version", "12.0.6");
    let version = get(&mut host, &secret, "/versions/bukkit");
    assert_eq!(version, json!({ "platform": "bukkit", "version": "12.0.6" }));
    assert_eq!(
        get(&mut host, &secret, "/listing")["categories"][0]["only_subcategories"],
        Value::Bool(false)
    );
}

#[test]
fn an_event_that_says_nothing_does_not_lose_the_others() {
    let (mut host, secret) = host();
    buy(&mut host, &secret, 11, "Notch");
    let join = json!({ "username_id": NOTCH, "username": "Notch", "event_type": "server.join" });
    call(
        &mut host,
        &secret,
        "POST",
        "/events",
        &json!([{ "username_id": JEB, "event_type": "server.join" }, 7, join]),
        204,
    );
    assert_eq!(get(&mut host, &secret, "/user/Notch")["player"]["id"], NOTCH);
}

#[test]
fn commands_that_wait_learn_who_their_player_is() {
    let (mut host, secret) = host();
    buy(&mut host, &secret, 11, "Notch");
    let path = "/queue/offline-commands";
    let before = &get(&mut host, &secret, path)["commands"][0]["player"]["uuid"];
    assert_eq!(before, &Value::Null);
    joins(&mut host, &secret, NOTCH, "Notch");
    assert_eq!(
        get(&mut host, &secret, path)["commands"][0]["player"]["uuid"],
        NOTCH
    );
    assert_eq!(get(&mut host, &secret, "/queue")["players"][0]["uuid"], NOTCH);
}

#[test]
fn a_name_of_digits_is_a_name_before_it_is_a_number() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 13, "Notch", "1");
    by_hand(&mut host, &secret, 13, "1", "1");
    let user = get(&mut host, &secret, "/user/1");
    assert_eq!(
        (&user["player"]["plugin_username_id"], &user["player"]["id"]),
        (&json!(2), &json!(""))
    );
    assert_eq!(get(&mut host, &secret, "/user/2")["player"]["username"], "1");
    // The route whose parameter is a number.
    let transaction = get(&mut host, &secret, "/user/Notch")["payments"][0]["txn_id"].clone();
    let packages = get(&mut host, &secret, "/player/1/packages");
    assert_eq!(packages[0]["txn_id"], transaction);
}

#[test]
fn an_address_is_banned_by_itself() {
    let (mut host, secret) = host();
    let ban = call(&mut host, &secret, "POST", "/bans", &json!({ "ip": "::1" }), 200);
    assert_eq!(
        (&ban["data"]["ip"], &ban["data"]["user"]),
        (&json!("::1"), &json!({ "ign": "", "uuid": "" }))
    );
    buy(&mut host, &secret, 11, "Notch");
}
