//! A plugin that shows what it was given.

use mooring_sdk::http::IntoResponse;
use mooring_sdk::prelude::*;
use mooring_sdk::testing::TestHost;
use mooring_sdk::users::{self, NewUser};
use mooring_sdk::{Collection, CredentialFailure, backend, extract};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) struct Shown;

impl Plugin for Shown {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] = &[
        Route::post("json", "/json", handler!(json_body))
            .public()
            .takes(schema),
        Route::post("form", "/form", handler!(form_body)).public(),
        Route::get("query", "/query", handler!(query)).public(),
        Route::get("path", "/path/{id}", handler!(path)).public(),
        Route::get("paths", "/path/{id}/of/{owner}", handler!(paths)).public(),
        Route::get("fixed", "/path/fixed", handler!(fixed)).public(),
        Route::put("raw", "/raw", handler!(raw)).public().body_max(10),
        Route::get("whole", "/whole", handler!(whole)).public(),
        Route::delete("nothing", "/nothing", handler!(nothing)),
        Route::get("who", "/who", handler!(who))
            .scopes(&["see", "look"])
            .per_minute(5)
            .summary("Who asks."),
        Route::get("anybody", "/anybody", handler!(who)).public(),
        Route::get("write-reading", "/write-reading", handler!(make)),
        Route::get("write-declared", "/write-declared", handler!(make)).writes(),
        Route::post("write-public", "/write-public", handler!(make)).public(),
        Route::post("write-then", "/write-then/{status}", handler!(make_then)),
    ];

    fn info() -> Info {
        Info::new("shown", "1.2.3", "Shows.")
            .bearer()
            .key_header("x-api-key")
            .key_prefix("sk_")
            .scope("see", "See.")
            .scope("look", "Look.")
            .request_header("x-asked-for")
            .text("greeting", Some("hello"), "Greets.")
            .secret("token", "Of the peer.")
            .url("peer_url", "Of the peer.")
            .target_bearer("peer", "peer_url", "token")
            .collection(
                Collection::new("things")
                    .index("colour", "/colour")
                    .unique("serial", "/maker/serial"),
            )
    }

    fn problem(problem: &Problem) -> Response {
        Response::json(problem.status(), &json!({ "error": problem.to_string() }))
    }

    fn run_job(job: Job) -> Result<(), JobFailure> {
        crate::jobs::run(&job)
    }
}

mooring_sdk::register!(Shown);

fn schema() -> Value {
    json!({ "type": "object" })
}

#[derive(Serialize, Deserialize)]
struct Thing {
    name: String,
    #[serde(default)]
    size: u32,
    inner: Option<Inner>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    on: bool,
    list: Vec<i32>,
}

fn json_body(Json(thing): Json<Thing>) -> Json<Thing> {
    Json(thing)
}

fn form_body(Form(thing): Form<Named>) -> Json<Named> {
    Json(thing)
}

fn query(Query(named): Query<Named>) -> Json<Named> {
    Json(named)
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    size: Option<u32>,
}

fn path(Path(id): Path<u64>) -> Json<u64> {
    Json(id)
}

fn paths(extract::Path2(id, owner): extract::Path2<u64, String>) -> Json<(u64, String)> {
    Json((id, owner))
}

fn fixed() -> Response {
    Response::text(200, "fixed")
}

fn raw(Body(body): Body) -> Result<Response, Problem> {
    String::from_utf8(body)
        .map(|text| Response::text(200, text))
        .map_err(|_| Problem::Other(418, "not a text".to_owned()))
}

fn whole(request: Request) -> Json<Value> {
    Json(json!({ "method": request.method, "query": request.query, "headers": request.headers }))
}

fn nothing() {}

fn who(principal: Principal) -> Json<Value> {
    Json(json!({ "tenant": principal.tenant, "scopes": principal.scopes }))
}

fn make() -> Result<Json<u64>, Problem> {
    Ok(Json(
        users::create(NewUser {
            email: "a@example.com".to_owned(),
            ..NewUser::default()
        })?
        .id,
    ))
}

fn make_then(Path(status): Path<u16>) -> Result<Response, Problem> {
    let answer = make()?.into_response()?;
    Ok(Response { status, ..answer })
}

#[test]
fn the_manifest_says_what_the_table_says() {
    let host = TestHost::<Shown>::new();
    let manifest = serde_json::to_value(host.manifest()).unwrap();
    assert_eq!(
        manifest["credentials"],
        json!([{ "kind": "bearer" }, { "kind": "header", "name": "x-api-key" }])
    );
    assert_eq!(
        manifest["routes"][0]["request_schema"],
        json!({ "type": "object" })
    );
    let who = json!({
        "name": "who", "method": "GET", "path": "/who", "access": "read",
        "guard": { "kind": "scopes", "any": ["see", "look"] }, "rate_limit_per_minute": 5,
        "body_bytes_max": null, "summary": "Who asks.", "request_schema": null, "response_schema": null,
        "core": false, "error_statuses": [], "group": "", "origin": "documented", "path_schema": null,
        "query_schema": null, "request_types": [], "response_type": null, "success_status": 200,
        "success_statuses_more": [],
    });
    assert_eq!(manifest["routes"][9], who);
    assert_eq!(
        (
            &manifest["routes"][11]["access"],
            &manifest["routes"][12]["access"]
        ),
        (&json!("read"), &json!("write"))
    );
    assert_eq!(manifest["collections"][0]["indexes"][1]["unique"], true);
    let auth = json!({ "kind": "bearer", "secret_setting": "token" });
    assert_eq!(manifest["targets"][0]["auth"], auth);
}

#[test]
fn routes_as_the_host_does() {
    let mut host = TestHost::<Shown>::new();
    assert_eq!(host.get("/path/fixed").send().text(), "fixed");
    assert_eq!(host.get("/path/7").send().text(), "7");
    assert_eq!(host.get("/path/x").send().status, 404);
    assert_eq!(host.get("/path/7/of/a%20b").send().text(), r#"[7,"a b"]"#);
    assert_eq!(host.get("/").send().status, 404);
    assert_eq!(
        host.request("PATCH", "/path/7").send().header("allow"),
        Some("GET")
    );
    assert_eq!(
        host.request("PUT", "/raw").body("ten bytes!").send().text(),
        "ten bytes!"
    );
    assert_eq!(host.request("PUT", "/raw").body("eleven byte").send().status, 413);
    assert_eq!(host.request("PUT", "/raw").body([0xFF]).send().status, 418);
    let whole = host
        .get("/whole?a=1")
        .header("x-asked-for", "yes")
        .header("x-other", "no")
        .send()
        .json();
    assert_eq!(
        whole,
        json!({ "method": "GET", "query": "a=1", "headers": [["x-asked-for", "yes"]] })
    );
}

#[test]
fn guards_routes_as_the_host_does() {
    let mut host = TestHost::<Shown>::new();
    let (right, wrong) = (host.key(&["look"]), host.key(&[]));
    assert_eq!(
        host.get("/who").key(&right).send().json(),
        json!({ "tenant": "test", "scopes": ["look"] })
    );
    assert_eq!(host.get("/who").key(&wrong).send().status, 403);
    assert_eq!(host.get("/who").key("sk_unknown").send().status, 401);
    assert_eq!(host.get("/who").send().status, 401);
    assert_eq!(host.get("/anybody").send().status, 401);
    let empty = host.request("DELETE", "/nothing").key(&wrong).send();
    assert_eq!((empty.status, empty.body.len()), (204, 0));
    assert_eq!(
        host.refusal(Cause::Unauthenticated(CredentialFailure::Expired))
            .status,
        401
    );
}

#[test]
fn writes_only_where_it_may_and_only_what_succeeds() {
    let mut host = TestHost::<Shown>::new();
    let key = host.key(&[]);
    assert_eq!(
        host.get("/write-reading").key(&key).send().json(),
        json!({ "error": "this route cannot write" })
    );
    assert_eq!(
        host.post("/write-public").send().json(),
        json!({ "error": "authentication required" })
    );
    for status in [400, 404, 500] {
        assert_eq!(
            host.post(&format!("/write-then/{status}"))
                .key(&key)
                .send()
                .status,
            status
        );
        assert_eq!(host.users(), []);
    }
    assert_eq!(host.get("/write-declared").key(&key).send().status, 200);
    assert_eq!(host.users().len(), 1);
    assert_eq!(
        host.post("/write-then/200").key(&key).send().json(),
        json!({ "error": "another user has this e-mail" })
    );
}

#[test]
#[should_panic(expected = "outside a host")]
fn primitives_need_a_host() {
    let _ = users::get(1);
}

#[test]
fn a_backend_can_be_anything() {
    let description = backend::describe::<Shown>();
    assert!(description.starts_with(r#"{"name":"shown","version":"1.2.3""#));
    let request = Request {
        params: vec!["7".to_owned()],
        ..Request::default()
    };
    assert_eq!(
        backend::handle::<Shown>(backend::Outcome::Route(3), request).body,
        b"7"
    );
    let out_of_range = backend::handle::<Shown>(backend::Outcome::Route(99), Request::default());
    assert_eq!(out_of_range.status, 404);
}
