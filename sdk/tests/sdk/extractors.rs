use mooring_sdk::extract::{Text, WholeNumber, given};
use mooring_sdk::testing::TestHost;
use mooring_sdk::{Problem, json};
use serde::Deserialize;

use crate::surface::Shown;

#[track_caller]
fn error(host: &mut TestHost<Shown>, path: &str, body: &[u8]) -> (u16, String) {
    let reply = host.post(path).body(body).send();
    (
        reply.status,
        reply.json()["error"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn json_errors_name_the_field_and_the_reason() {
    let mut host = TestHost::<Shown>::new();
    for (body, status, reason) in [
        ("", 400, "the body is empty; JSON is expected"),
        ("{", 400, "the JSON ends too early (line 1, column 1)"),
        ("nul", 400, "the JSON ends too early (line 1, column 3)"),
        (
            "{\"name\":\n x}",
            400,
            "the body is not valid JSON (line 2, column 2)",
        ),
        (
            "{\"name\":\"a\"}]",
            400,
            "the body is not valid JSON (line 1, column 13)",
        ),
        ("[]", 422, "must be an object, not an array"),
        ("{}", 422, "name: is required"),
        ("{\"name\":1}", 422, "name: must be a string, not integer `1`"),
        ("{\"name\":\"a\",\"name\":\"b\"}", 422, "name: is given twice"),
        (
            "{\"name\":\"a\",\"size\":-1}",
            422,
            "size: must be a whole number that is not negative, not integer `-1`",
        ),
        (
            "{\"name\":\"a\",\"size\":\"1\"}",
            422,
            "size: must be a whole number that is not negative, not string \"1\"",
        ),
        ("{\"name\":\"a\",\"inner\":{}}", 422, "inner.on: is required"),
        (
            "{\"name\":\"a\",\"inner\":{\"on\":1}}",
            422,
            "inner.on: must be true or false, not integer `1`",
        ),
        (
            "{\"name\":\"a\",\"inner\":{\"no\":1}}",
            422,
            "inner.no: is unknown",
        ),
        (
            "{\"name\":\"a\",\"inner\":{\"on\":true,\"list\":[1,null]}}",
            422,
            "inner.list[1]: must be a whole number, not null",
        ),
    ] {
        assert_eq!(
            error(&mut host, "/json", body.as_bytes()),
            (status, reason.to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        error(&mut host, "/json", b"{\"name\":\"\xFF\"}"),
        (400, "the body is not UTF-8 (byte 9)".to_owned())
    );
    let deep = "[".repeat(100_000);
    assert_eq!(error(&mut host, "/json", deep.as_bytes()).0, 422);
    let whole = host
        .post("/json")
        .body(r#"{"name":"a","inner":{"on":true,"list":[1]}}"#)
        .send();
    assert_eq!(
        whole.text(),
        r#"{"name":"a","size":0,"inner":{"on":true,"list":[1]}}"#
    );
}

#[test]
fn forms_and_queries_are_typed() {
    let mut host = TestHost::<Shown>::new();
    assert_eq!(
        host.post("/form").body("name=a+b%21&size=3").send().text(),
        r#"{"name":"a b!","size":3}"#
    );
    assert_eq!(
        error(&mut host, "/form", b"size=3"),
        (422, "name: is required".to_owned())
    );
    assert_eq!(
        error(&mut host, "/form", b"name=a&size=x"),
        (
            422,
            "size: must be a whole number that is not negative".to_owned()
        )
    );
    assert_eq!(
        host.get("/query?name=q").send().text(),
        r#"{"name":"q","size":null}"#
    );
    assert_eq!(host.get("/query").send().json()["error"], "name: is required");
}

#[test]
fn texts_have_a_length() {
    #[derive(Debug, Deserialize)]
    struct Named {
        name: Text<2, 4>,
    }

    for (json, reason) in [
        (r#"{"name":"  "}"#, "name: must not be empty"),
        (r#"{"name":" a "}"#, "name: is shorter than 2 characters"),
        (r#"{"name":"abcde"}"#, "name: is longer than 4 characters"),
        (r#"{"name":7}"#, "name: must be a string, not integer `7`"),
    ] {
        let problem = json::from_str::<Named>(json).unwrap_err();
        assert_eq!(problem.to_string(), reason);
        assert!(matches!(problem, Problem::Invalid(_)));
    }
    assert_eq!(
        &*json::from_str::<Named>(r#"{"name":" äöüß "}"#).unwrap().name,
        "äöüß"
    );
}

#[test]
fn whole_numbers_may_be_text() {
    for (json, number) in [
        ("7", Some(7)),
        ("\" 7 \"", Some(7)),
        ("\"007\"", Some(7)),
        ("18446744073709551615", Some(u64::MAX)),
    ] {
        assert_eq!(
            json::from_str::<WholeNumber>(json).ok().map(|number| number.0),
            number,
            "{json}"
        );
    }
    for json in [
        "-1",
        "1.0",
        "1e3",
        "\"\"",
        "\"+1\"",
        "true",
        "null",
        "18446744073709551616",
    ] {
        assert!(json::from_str::<WholeNumber>(json).is_err(), "{json}");
    }
}

#[test]
fn null_and_empty_text_are_not_given() {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(default, deserialize_with = "given")]
        count: Option<WholeNumber>,
    }
    for (text, expected) in [
        ("{}", None),
        (r#"{"count":null}"#, None),
        (r#"{"count":""}"#, None),
        (r#"{"count":" "}"#, None),
        (r#"{"count":"0"}"#, Some(0)),
        (r#"{"count":7}"#, Some(7)),
    ] {
        let asked: Asked = json::from_str(text).unwrap();
        assert_eq!(asked.count.map(|count| count.0), expected, "{text}");
    }
    for text in [r#"{"count":"x"}"#, r#"{"count":[]}"#, r#"{"count":false}"#] {
        let Err(Problem::Invalid(invalid)) = json::from_str::<Asked>(text) else {
            panic!("{text} is no number");
        };
        assert_eq!(invalid.field, "count");
    }
}

#[test]
fn a_plugins_error_is_made_of_primitives_errors_through_a_problem() {
    use mooring_sdk::records::RecordError;
    use mooring_sdk::settings::SettingsError;

    #[derive(Debug, PartialEq)]
    struct Own(u16);

    impl From<Problem> for Own {
        fn from(problem: Problem) -> Own {
            Own(problem.status())
        }
    }

    mooring_sdk::through_problem!(Own: RecordError SettingsError);

    assert_eq!(Own::from(RecordError::NotFound), Own(404));
    assert_eq!(Own::from(RecordError::Exists), Own(409));
}
