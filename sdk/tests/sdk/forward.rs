use mooring_sdk::forward;
use mooring_sdk::prelude::*;
use mooring_sdk::testing::TestHost;

/// A surface that takes its own calls in an envelope: `METHOD PATH BODY`.
struct Envelope;

impl Plugin for Envelope {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] = &[
        Route::post("call", "/call", handler!(call)).scopes(&["caller"]),
        Route::get("thing", "/things/{id}", handler!(thing)).scopes(&["caller"]),
        Route::get("first", "/things/first", handler!(first)).scopes(&["caller"]),
        Route::post("fill", "/fill", handler!(fill))
            .scopes(&["caller"])
            .body_max(4),
        Route::get("secret", "/secret", handler!(first)).scopes(&["owner"]),
        Route::get("keyed", "/keyed", handler!(first)),
        Route::get("open", "/open", handler!(first)).public(),
    ];

    fn info() -> Info {
        Info::new("envelope", "0.1.0", "Calls in calls.")
            .bearer()
            .scope("caller", "Calls.")
            .scope("owner", "Owns.")
    }

    fn problem(problem: &Problem) -> Response {
        Response::text(problem.status(), problem.to_string())
    }
}

fn call(outer: Request) -> Response {
    let text = String::from_utf8(outer.body.clone()).unwrap_or_default();
    let mut words = text.splitn(3, ' ').map(str::to_owned);
    let mut next = || words.next().unwrap_or_default();
    forward::<Envelope>(Request {
        method: next(),
        path: next(),
        body: next().into_bytes(),
        ..outer
    })
}

fn thing(Path(id): Path<String>) -> Response {
    Response::text(200, id)
}

fn first() -> Response {
    Response::text(200, "the first")
}

fn fill(Body(body): Body) -> Response {
    Response::bytes(200, "text/plain", body)
}

#[test]
fn a_call_in_an_envelope_is_routed_and_limited_as_one_by_itself() {
    let mut host = TestHost::<Envelope>::new();
    let key = host.key(&["caller"]);
    for (inside, status, text) in [
        ("GET /things/7", 200, "7"),
        ("GET //things/%C3%A9/", 200, "é"),
        ("GET /things/first", 200, "the first"),
        ("POST /fill 1234", 200, "1234"),
        ("POST /fill 12345", 413, "the body is larger than 4 bytes"),
        ("GET /secret", 403, "the key lacks the scope owner"),
        ("GET /nowhere", 404, "not found"),
        ("GET /things/%ff", 404, "not found"),
        ("GET things", 404, "not found"),
        ("", 404, "not found"),
        ("PUT /fill", 405, "method not allowed"),
    ] {
        let reply = host.post("/call").key(&key).body(inside).send();
        assert_eq!((reply.status, reply.text()), (status, text), "{inside}");
        let allow = (status == 405).then_some("POST");
        assert_eq!(reply.header("allow"), allow, "{inside}");
    }
}

#[test]
fn a_call_of_nobody_reaches_only_what_is_public() {
    for (path, status, text) in [
        ("/open", 200, "the first"),
        ("/keyed", 401, "invalid API key"),
        ("/secret", 401, "invalid API key"),
        ("/nowhere", 404, "not found"),
    ] {
        let response = forward::<Envelope>(Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
            principal: None,
            ..Request::default()
        });
        let body = String::from_utf8(response.body).unwrap();
        assert_eq!((response.status, &*body), (status, text), "{path}");
    }
}
