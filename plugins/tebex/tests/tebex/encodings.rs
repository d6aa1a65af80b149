//! Input as real clients have been seen to send it, byte for byte.

use serde_json::{Value, json};

use crate::{Host, answer, by_hand, failed, get, host};

struct Sent {
    method: &'static str,
    /// With the query.
    path: &'static str,
    body: &'static str,
    status: u16,
}

#[track_caller]
fn send(host: &mut Host, secret: &str, sent: &Sent) -> Value {
    let reply = host
        .request(sent.method, sent.path)
        .key(secret)
        .body(sent.body)
        .send();
    assert_eq!(
        reply.status,
        sent.status,
        "{} {} {}: {}",
        sent.method,
        sent.path,
        sent.body,
        reply.text()
    );
    answer(&reply)
}

/// That all of them do to the queue what the first one does.
#[test]
fn commands_are_deleted_in_every_encoding() {
    for (path, body) in [
        // mcp, the clients for Node, Java and C#.
        ("/queue", r#"{"ids":[1,2]}"#),
        ("/queue", r#"{"ids":["1","2"]}"#),
        // The PHP client.
        ("/queue", "ids%5B0%5D=1&ids%5B1%5D=2"),
        // BuycraftX.
        ("/queue", "ids[]=1&ids[]=2"),
        // FiveM, Gmod and the older Python and Node clients; some encode the brackets.
        ("/queue?ids[]=1&ids[]=2", ""),
        ("/queue?ids%5B%5D=1&ids%5B%5D=2", ""),
        ("//queue?ids[]=1&ids[]=2", ""),
        ("/queue/?ids[0]=1&ids[1]=2", "{}"),
        ("/queue?ids=2", r#"{"ids":[1,2]}"#),
        ("/queue?ids[]=9", "ids[]=1&ids[]=2"),
        ("/queue", " \r\n{\"ids\":[1,2]}\n"),
    ] {
        let (mut host, secret) = host();
        by_hand(&mut host, &secret, 11, "Notch", "1");
        let reply = host.request("DELETE", path).key(&secret).body(body).send();
        assert_eq!(reply.status, 204, "{path} {body}: {}", reply.text());
        answer(&reply);
        let queue = get(&mut host, &secret, "/queue");
        assert_eq!(queue["meta"]["execute_offline"], json!(false), "{path} {body}");
        assert_eq!(queue["players"], json!([]), "{path} {body}");
    }
}

#[test]
fn checkouts_are_made_in_every_encoding() {
    for (method, path, body) in [
        ("POST", "/checkout", r#"{"package_id":"13","username":"Notch"}"#),
        ("POST", "/checkout", r#"{"package_id":13,"username":"Notch"}"#),
        ("POST", "/checkout?package_id=13&username=Notch", ""),
        ("POST", "/checkout/?package_id=13&username=Notch", ""),
        ("POST", "/checkout", "package_id=13&username=Notch"),
        // One client calls it with the wrong method.
        ("GET", "/checkout", r#"{"package_id":"13","username":"Notch"}"#),
        (
            "POST",
            "/checkout?username=jeb_&package_id=11",
            r#"{"package_id":13,"username":"Notch"}"#,
        ),
        ("POST", "/checkout?username=jeb_", "package_id=13&username=Notch"),
        ("POST", "/checkout?username=Notch", r#"{"package_id":13}"#),
    ] {
        let (mut host, secret) = host();
        let sent = Sent {
            method,
            path,
            body,
            status: 201,
        };
        send(&mut host, &secret, &sent);
        let payment = &host.payments()[0];
        assert_eq!(
            (payment.amount.minor, host.users()[0].name.as_str()),
            (299, "Notch"),
            "{path} {body}"
        );
    }
}

#[test]
fn bans_coupons_cards_and_payments_are_made_from_what_clients_send() {
    for (sent, path, expected) in [
        (
            // A form that calls itself JSON.
            Sent {
                method: "POST",
                path: "/bans",
                body: "user=Notch&ip=1.2.3.4&reason=r",
                status: 200,
            },
            "/data",
            json!({ "id": 1, "time": "2027-01-15T08:00:00+0000", "ip": "1.2.3.4", "payment_email": "", "reason": "r", "user": { "ign": "Notch", "uuid": "" } }),
        ),
        (
            Sent {
                method: "POST",
                path: "/bans/",
                body: r#"{"user":"Notch","reason":"r","ip":""}"#,
                status: 200,
            },
            "/data/user/ign",
            json!("Notch"),
        ),
        (
            // A query, and a type of JSON without any.
            Sent {
                method: "POST",
                path: "/coupons?code=ABC&effective_on=package&packages%5B0%5D=11&discount_type=percentage&discount_percentage=10&discount_amount=0&redeem_unlimited=1&expire_never=true&expire_limit=0&basket_type=both&minimum=0&username=&note=hello+there",
                body: "",
                status: 200,
            },
            "/data/effective",
            json!({ "type": "package", "packages": [11], "categories": [] }),
        ),
        (
            Sent {
                method: "POST",
                path: "/coupons/",
                body: "code=DEF&effective_on=cart&discount_type=value&discount_amount=2.50&redeem_unlimited=false&expire_limit=3&expire_never=0&expire_date=2030-01-31&start_date=2022-01-01",
                status: 200,
            },
            "/data/expire",
            json!({ "redeem_unlimited": "false", "expire_never": "false", "limit": 3, "date": "2030-01-31T00:00:00+00:00" }),
        ),
        (
            Sent {
                method: "POST",
                path: "/gift-cards",
                body: "amount=25&note=n&expires_at=",
                status: 200,
            },
            "/data/balance/starting",
            json!("25.00"),
        ),
        (
            // A form that calls itself JSON.
            Sent {
                method: "PUT",
                path: "/gift-cards/1",
                body: "amount=1.5",
                status: 200,
            },
            "/data/balance/remaining",
            json!("26.50"),
        ),
        (
            // JSON with a GET.
            Sent {
                method: "GET",
                path: "/coupons/1",
                body: "{}",
                status: 200,
            },
            "/data/code",
            json!("WELCOME10"),
        ),
        (
            Sent {
                method: "GET",
                path: "/payments",
                body: r#"{"paged":1,"page":"2"}"#,
                status: 200,
            },
            "/current_page",
            json!(2),
        ),
        (
            Sent {
                method: "GET",
                path: "/packages?verbose=true",
                body: "",
                status: 200,
            },
            "/0/description",
            json!("The rank, for thirty days."),
        ),
        (
            Sent {
                method: "GET",
                path: "/packages?verbose=1",
                body: "",
                status: 200,
            },
            "/0/description",
            json!("The rank, for thirty days."),
        ),
        (
            Sent {
                method: "GET",
                path: "/packages?verbose=",
                body: "",
                status: 200,
            },
            "/0/description",
            Value::Null,
        ),
        (
            Sent {
                method: "GET",
                path: "/packages",
                body: "[]",
                status: 200,
            },
            "/0/description",
            Value::Null,
        ),
        (
            Sent {
                method: "GET",
                path: "/package//11",
                body: "",
                status: 200,
            },
            "/name",
            json!("VIP"),
        ),
        (
            Sent {
                method: "GET",
                path: "/packages/%31%31",
                body: "",
                status: 200,
            },
            "/name",
            json!("VIP"),
        ),
    ] {
        let (mut host, secret) = host();
        let answer = send(&mut host, &secret, &sent);
        assert_eq!(
            answer.pointer(path).unwrap_or(&Value::Null),
            &expected,
            "{} {}: {answer}",
            sent.path,
            sent.body
        );
    }
}

#[test]
fn payments_by_hand_are_made_in_every_encoding() {
    for (path, body) in [
        (
            "/payments",
            r#"{"note":"n","packages":[{"id":12,"options":{"nickname":"Bob","colour":"gold"}}],"price":4.5,"ign":"Notch"}"#,
        ),
        (
            "/payments",
            "note=n&packages[0][id]=12&packages[0][options][nickname]=Bob&packages[0][options][colour]=gold&price=4.50&ign=Notch",
        ),
        (
            "/payments?note=n&packages%5B0%5D%5Bid%5D=12&packages%5B0%5D%5Boptions%5D%5Bnickname%5D=Bob&packages%5B0%5D%5Boptions%5D%5Bcolour%5D=gold&price=4.5&ign=Notch",
            "",
        ),
    ] {
        let (mut host, secret) = host();
        let sent = Sent {
            method: "POST",
            path,
            body,
            status: 204,
        };
        send(&mut host, &secret, &sent);
        let payment = &get(&mut host, &secret, "/payments")[0];
        assert_eq!(
            (&payment["amount"], &payment["notes"][0]["note"]),
            (&json!("4.50"), &json!("n"))
        );
        let commands = get(&mut host, &secret, "/queue/online-commands/1");
        assert_eq!(commands["commands"][0]["command"], "nick {name} Bob gold");
    }
    // A list of packages may begin with `packages[][id]`.
    let (mut host, secret) = host();
    let body = "packages[][id]=13&price=1&ign=Notch";
    let sent = Sent {
        method: "POST",
        path: "/payments",
        body,
        status: 204,
    };
    send(&mut host, &secret, &sent);
}

#[test]
fn switches_and_prices_of_packages_are_read_from_text() {
    for (body, disabled) in [
        (r#"{"disabled":true}"#, true),
        (r#"{"disabled":1}"#, true),
        (r#"{"disabled":"true"}"#, true),
        ("disabled=1", true),
        ("disabled=true", true),
        (r#"{"disabled":false}"#, false),
        (r#"{"disabled":"0"}"#, false),
        ("disabled=false&name=VIP&price=9.99", false),
        ("{}", false),
    ] {
        let (mut host, secret) = host();
        let sent = Sent {
            method: "PUT",
            path: "/package/11",
            body,
            status: 204,
        };
        send(&mut host, &secret, &sent);
        assert_eq!(
            get(&mut host, &secret, "/package/11")["disabled"],
            json!(disabled),
            "{body}"
        );
    }
    let (mut host, secret) = host();
    let body = "name=VIP%2B&price=12.5";
    let sent = Sent {
        method: "PUT",
        path: "/packages/11/",
        body,
        status: 204,
    };
    send(&mut host, &secret, &sent);
    let package = get(&mut host, &secret, "/package/11");
    assert_eq!(
        (package["name"].as_str(), package["price"].to_string()),
        (Some("VIP+"), "12.50".to_owned())
    );
}

#[test]
fn what_is_neither_json_nor_a_form_says_so() {
    let (mut host, secret) = host();
    for (body, status, message) in [
        (
            &b"{\"ids\":[1"[..],
            400,
            "the JSON ends too early (line 1, column 9)",
        ),
        (b"{ids:[1]}", 400, "the body is not valid JSON (line 1, column 2)"),
        (b"[1,2]", 400, "the body must be an object, not an array"),
        (b"ids[]=\xff", 400, "the body is not UTF-8 (byte 6)"),
        (b"garbage", 422, "ids: is required"),
        (b"null", 400, "the body must be an object, not null"),
        (
            b"--b\r\nContent-Disposition: form-data; name=\"ids\"\r\n",
            400,
            "the body must be JSON or a form, not multipart",
        ),
        (b"\xef\xbb\xbf{}", 422, "ids: is required"),
        (
            b"\xef\xbb\xbf[1]",
            400,
            "the body must be an object, not an array",
        ),
        (b"5", 422, "ids: is required"),
    ] {
        let reply = host.request("DELETE", "/queue").key(&secret).body(body).send();
        assert_eq!(failed(&reply, status), message);
    }
}
