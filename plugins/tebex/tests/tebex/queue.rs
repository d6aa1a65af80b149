use std::collections::BTreeMap;

use mooring_sdk::testing::Reply;
use serde_json::{Value, json};

use crate::{Host, answer, buy, by_hand, call, get, host, offline, online, refused, write};

/// As the plugin for FiveM does it: queries without a body, brackets as they are, three commands at a time.
fn delete(host: &mut Host, secret: &str, ids: &[u64]) {
    for batch in ids.chunks(3) {
        let query: Vec<String> = batch.iter().map(|id| format!("ids[]={id}")).collect();
        let reply: Reply = host
            .request("DELETE", &format!("/queue?{}", query.join("&")))
            .key(secret)
            .send();
        assert_eq!(reply.status, 204, "{}", reply.text());
        answer(&reply);
    }
}

fn ids(answer: &Value) -> Vec<u64> {
    let commands = answer["commands"].as_array().expect("commands").iter();
    commands
        .map(|command| command["id"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn a_game_server_runs_what_was_bought_and_deletes_it() {
    let (mut host, secret) = host();
    let idle =
        json!({ "meta": { "execute_offline": false, "next_check": 90, "more": false }, "players": [] });
    assert_eq!(get(&mut host, &secret, "/queue"), idle);

    buy(&mut host, &secret, 11, "Notch");
    let queue = get(&mut host, &secret, "/queue");
    assert_eq!(
        queue,
        json!({
            "meta": { "execute_offline": true, "next_check": 90, "more": false },
            "players": [{ "id": 1, "name": "Notch", "uuid": null }],
        })
    );
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(
        commands,
        json!({
            "meta": { "limited": false },
            "commands": [{
                "id": 1, "command": "lp user {uuid} parent add vip", "payment": 1, "package": 11,
                "conditions": { "delay": 0 },
                "player": { "id": 1, "name": "Notch", "uuid": null, "meta": { "steamID": "" } },
            }],
        })
    );
    delete(&mut host, &secret, &ids(&commands));
    let commands = get(&mut host, &secret, "/queue/online-commands/1");
    assert_eq!(
        commands,
        json!({
            "player": { "id": "1", "username": "Notch", "meta": { "avatar": "", "avatarfull": "", "steamID": "" } },
            "commands": [{
                "id": 2, "command": "give {name} cookie 8", "payment": 1, "package": 11,
                "conditions": { "delay": 0, "slots": 1 },
            }],
        })
    );
    delete(&mut host, &secret, &ids(&commands));
    assert_eq!(get(&mut host, &secret, "/queue"), idle);
    assert_eq!(online(&mut host, &secret, 1), [""; 0]);
}

#[test]
fn what_is_not_deleted_is_given_again_and_a_second_deletion_is_none() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 11, "Notch", "1");
    let first = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(first, get(&mut host, &secret, "/queue/offline-commands"));
    for body in [
        json!({ "ids": [1, 2, 2, 99] }),
        json!({ "ids": [1, 2] }),
        json!({ "ids": [] }),
    ] {
        call(&mut host, &secret, "DELETE", "/queue", &body, 204);
    }
    assert_eq!(get(&mut host, &secret, "/queue")["players"], json!([]));
    for body in ["{}", "", "ids[]=x", r#"{"ids":[-1]}"#, r#"{"ids":["1.5"]}"#] {
        refused(&mut host, &secret, "DELETE", "/queue", body, 422);
    }
}

#[test]
fn a_deletion_has_a_thousand_ids_and_no_more() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 11, "Notch", "1");
    let ids = |last: u64| (1..=last).collect::<Vec<u64>>();
    let by_key: BTreeMap<u64, u64> = ids(1001).into_iter().map(|id| (id, id)).collect();
    for ids in [json!(ids(1001)), json!(by_key)] {
        let body = json!({ "ids": ids }).to_string();
        let message = refused(&mut host, &secret, "DELETE", "/queue", &body, 422);
        assert_eq!(message, "ids: must be at most 1000 ids");
    }
    let body = json!({ "ids": ids(1000) });
    call(&mut host, &secret, "DELETE", "/queue", &body, 204);
    assert_eq!(offline(&mut host, &secret), [""; 0]);
}

#[test]
fn each_server_has_its_own_queue() {
    let (mut host, secret) = host();
    let other = host.key(&["server"]);
    let key = host.key_id(&other);
    write(
        &mut host,
        "servers",
        "21",
        &json!({ "name": "Creative", "key": key }),
    );
    let server = |host: &mut Host, secret: &str| get(host, secret, "/information")["server"].clone();
    assert_eq!(server(&mut host, &secret), json!({ "id": 7, "name": "Survival" }));
    assert_eq!(server(&mut host, &other), json!({ "id": 21, "name": "Creative" }));

    let options = json!({ "nickname": "Bob", "colour": "gold", "server": "21" });
    let body = json!({ "packages": [{ "id": 12, "options": options }], "ign": "Notch" });
    call(&mut host, &secret, "POST", "/payments", &body, 204);
    assert_eq!(online(&mut host, &secret, 1), [""; 0]);
    assert_eq!(online(&mut host, &other, 1), ["nick {name} Bob gold"]);
    // Another server's command is not for this one to delete.
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": [1] }),
        204,
    );
    assert_eq!(online(&mut host, &other, 1), ["nick {name} Bob gold"]);
    call(&mut host, &other, "DELETE", "/queue", &json!({ "ids": [1] }), 204);
    assert_eq!(online(&mut host, &other, 1), [""; 0]);
}

#[test]
fn players_are_listed_in_parts() {
    let (mut host, secret) = host();
    for number in 1..=5 {
        by_hand(&mut host, &secret, 13, &format!("Player{number}"), "1");
    }
    let names = |answer: &Value| -> Vec<String> {
        let players = answer["players"].as_array().unwrap().iter();
        players
            .map(|player| player["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for (query, more, expected) in [
        ("limit=2", true, vec!["Player1", "Player2"]),
        ("page=2&limit=2", true, vec!["Player3", "Player4"]),
        ("page=3&limit=2", false, vec!["Player5"]),
        ("page=4&limit=2", false, vec![]),
        (
            "page=1&limit=5",
            false,
            vec!["Player1", "Player2", "Player3", "Player4", "Player5"],
        ),
        (
            "page=x&limit=0",
            false,
            vec!["Player1", "Player2", "Player3", "Player4", "Player5"],
        ),
        ("page=18446744073709551615", false, vec![]),
    ] {
        let queue = get(&mut host, &secret, &format!("/queue?{query}"));
        assert_eq!(names(&queue), expected, "{query}");
        assert_eq!(queue["meta"]["more"], json!(more), "{query}");
    }
}

#[test]
fn a_player_waits_as_long_as_one_command_does() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 13, "Notch", "1");
    by_hand(&mut host, &secret, 13, "notch", "1");
    assert_eq!(online(&mut host, &secret, 1).len(), 2);
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": [1] }),
        204,
    );
    assert_eq!(
        get(&mut host, &secret, "/queue")["players"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": [2] }),
        204,
    );
    assert_eq!(get(&mut host, &secret, "/queue")["players"], json!([]));
    refused(&mut host, &secret, "GET", "/queue/online-commands/99", "", 404);
    refused(&mut host, &secret, "GET", "/queue/online-commands/Notch", "", 404);
}

#[test]
fn a_long_queue_says_that_there_is_more() {
    let (mut host, secret) = host();
    let commands: Vec<Value> = (0..50)
        .map(|n| json!({ "command": format!("say {n}") }))
        .collect();
    write(
        &mut host,
        "packages",
        "15",
        &json!({ "name": "Talk", "price": "1.00", "category": 1, "commands": commands }),
    );
    for _ in 0..11 {
        by_hand(&mut host, &secret, 15, "Notch", "1");
    }
    let queue = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(queue["meta"]["limited"], json!(true));
    let first = ids(&queue);
    assert_eq!(first.len(), 500);
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": first }),
        204,
    );
    let queue = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(queue["meta"]["limited"], json!(false));
    assert_eq!(offline(&mut host, &secret).len(), 50);
}
