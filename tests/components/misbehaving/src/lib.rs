//! A plugin that does everything a plugin must not, one route for each; the README says what the host has to do about it.

mod jobs;

use std::hint::black_box;
use std::time::Duration;

use mooring_sdk::prelude::*;
use mooring_sdk::users::{NewUser, UserError};
use mooring_sdk::{Collection, context, log, records, users};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

struct Misbehaving;

impl Plugin for Misbehaving {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] = &[
        Route::get("well", "/well", handler!(well)).public().summary("Behaves."),
        Route::get("loop-forever", "/loop", handler!(loop_forever)).public().summary("Never ends."),
        Route::get("allocate", "/allocate", handler!(allocate)).public().summary("Takes memory without end."),
        Route::get("recurse", "/recurse", handler!(recurse)).public().summary("Recurses without end."),
        Route::get("panic", "/panic", handler!(panics)).public().summary("Panics at once."),
        Route::get("panic-in-problem", "/panic-in-problem", handler!(panic_in_problem))
            .public()
            .summary("Fails, and panics while it words that."),
        Route::post("panic-midway", "/panic-midway", handler!(panic_midway)).summary("Makes a user, then panics."),
        Route::post("refuse-midway", "/refuse-midway", handler!(refuse_midway))
            .summary("Makes a user, then answers with the status it is told."),
        Route::get("oversize", "/oversize/{bytes}", handler!(oversize)).public().summary("Answers with so many bytes."),
        Route::get("bad-answer", "/bad-answer/{kind}", handler!(bad_answer))
            .public()
            .summary("Answers with what HTTP does not allow: `status`, `header-name`, `header-value`, `many-headers`, `host-header`."),
        Route::get("host-calls", "/host-calls/{count}", handler!(host_calls)).summary("Calls the host so many times."),
        Route::get("chatter", "/chatter/{lines}", handler!(chatter)).public().summary("Logs so many long lines."),
        Route::get("print", "/print/{lines}", handler!(print)).public().summary("Prints so many long lines."),
        Route::get("write-while-reading", "/write-while-reading", handler!(make_user))
            .summary("Writes on a route that only reads; answers with the denial."),
        Route::post("anonymous", "/anonymous", handler!(make_user))
            .public()
            .summary("Writes without a principal; answers with the denial."),
        Route::get("draws", "/draws", handler!(draws)).public().summary("Every source of chance and time it can find."),
        Route::get("sleep", "/sleep/{seconds}", handler!(sleep)).public().summary("Sleeps so many seconds."),
        Route::post("huge-record", "/huge-record/{bytes}", handler!(huge_record)).summary("Stores a document of so many bytes."),
        Route::post("write-much", "/write-much/{records}", handler!(write_much)).summary("Stores so many documents of 32 KiB."),
        Route::post("count", "/count/{counter}", handler!(count)).summary("Reads, works, and writes a counter: conflicts."),
        Route::get("counted", "/count/{counter}", handler!(counted)).summary("Reads that counter."),
        Route::post("schedule", "/schedule", handler!(jobs::schedule)).summary("Schedules a job that misbehaves."),
        Route::get("outbound-now", "/outbound-now", handler!(jobs::outbound_now))
            .summary("Calls out while it handles a request; answers with the refusal."),
        Route::get("foreign", "/foreign/{service}", handler!(foreign)).summary("Asks for a service that is not the tenant's."),
        #[cfg(feature = "reach")]
        Route::get("reach", "/reach", handler!(reach)).public().summary("Looks for files, environment and arguments."),
    ];

    fn info() -> Info {
        Info::new(
            "misbehaving",
            env!("CARGO_PKG_VERSION"),
            "Does everything a plugin must not.",
        )
        .bearer()
        .key_prefix("bad_")
        .scope("bad", "Misbehave.")
        .url("peer_url", "Where `peer` is.")
        .secret("peer_token", "What `peer` is called with.")
        .target_bearer("peer", "peer_url", "peer_token")
        .collection(Collection::new("counters"))
        .collection(Collection::new("attempts"))
        .collection(
            Collection::new("bulk")
                .index("kind", "/kind")
                .unique("serial", "/serial"),
        )
    }

    fn problem(problem: &Problem) -> Response {
        assert!(problem.status() != 418, "asked to panic while wording a failure");
        Response::json(
            problem.status(),
            &json!({ "error": problem.to_string(), "detail": format!("{problem:?}") }),
        )
    }

    fn run_job(job: Job) -> Result<(), JobFailure> {
        jobs::run(&job)
    }
}

mooring_sdk::register!(Misbehaving);

fn well() -> Json<Value> {
    Json(json!({ "ok": true }))
}

fn loop_forever() {
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn allocate() {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(black_box(vec![0xA5; 1024 * 1024]));
    }
}

fn recurse() -> Json<u64> {
    Json(deeper(black_box(0)))
}

#[expect(unconditional_recursion, reason = "that is the misbehaviour")]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    deeper(depth + 1).wrapping_add(frame[(depth % 64) as usize])
}

fn panics() {
    panic!("asked to panic");
}

fn panic_in_problem() -> Result<(), Problem> {
    Err(Problem::Other(418, "a teapot".to_owned()))
}

#[derive(Deserialize)]
struct Midway {
    email: String,
    #[serde(default)]
    status: u16,
}

fn panic_midway(Json(midway): Json<Midway>) -> Result<(), Problem> {
    let user = users::create(new_user(midway.email))?;
    panic!("asked to panic after making user {}", user.id);
}

fn refuse_midway(Json(midway): Json<Midway>) -> Result<Response, Problem> {
    let user = users::create(new_user(midway.email))?;
    Ok(Response::json(midway.status, &json!({ "id": user.id })))
}

fn oversize(Path(bytes): Path<usize>) -> Response {
    Response::bytes(200, "application/octet-stream", vec![b'x'; bytes])
}

fn bad_answer(Path(kind): Path<String>) -> Result<Response, Problem> {
    let well = Response::text(200, "ok");
    Ok(match kind.as_str() {
        "status" => Response::empty(99),
        "header-name" => well.with_header("not a name", "x"),
        "header-value" => well.with_header("x-split", "one\r\nx-injected: two"),
        "many-headers" => (0..200).fold(well, |answer, number| {
            answer.with_header(&format!("x-{number}"), "x")
        }),
        "host-header" => well
            .with_header("content-length", "1")
            .with_header("transfer-encoding", "chunked"),
        _ => return Err(Problem::NotFound),
    })
}

fn host_calls(Path(count): Path<u64>) -> Json<Value> {
    let mut refused = Value::Null;
    let mut done = 0;
    for _ in 0..count {
        match users::get(1) {
            Ok(_) | Err(UserError::NotFound) => done += 1,
            Err(error) => {
                refused = format!("{error:?}").into();
                break;
            }
        }
    }
    Json(json!({ "done": done, "refused": refused }))
}

fn chatter(Path(lines): Path<u32>) -> Json<Value> {
    for line in 0..lines {
        log::info(&format!("{line} {}", "chatter ".repeat(100)));
    }
    Json(json!({ "lines": lines }))
}

fn print(Path(lines): Path<u32>) -> Json<Value> {
    for line in 0..lines {
        println!("{line} {}", "out ".repeat(100));
        eprintln!("{line} {}", "err ".repeat(100));
    }
    Json(json!({ "lines": lines }))
}

fn make_user() -> Result<Json<Value>, Problem> {
    let user = users::create(new_user("written@example.com".to_owned()))?;
    Ok(Json(json!({ "id": user.id })))
}

/// What the request draws from the host, and what the standard library can reach. All of it must be the same when the
/// host runs the request again, and none of it may say anything about the machine.
fn draws() -> Json<Value> {
    use std::hash::{BuildHasher, RandomState};
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    let monotonic = Instant::now();
    let system = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |duration| duration.as_nanos());
    Json(json!({
        "now": context::now(),
        "random": context::random(16),
        "random_again": context::random(16),
        "system_ns": system.to_string(),
        "elapsed_ns": monotonic.elapsed().as_nanos().to_string(),
        "hash_seed": RandomState::new().hash_one(1_u8).to_string(),
    }))
}

fn sleep(Path(seconds): Path<u64>) -> Json<Value> {
    std::thread::sleep(Duration::from_secs(seconds));
    Json(json!({ "slept": seconds }))
}

fn huge_record(Path(bytes): Path<usize>) -> Result<Json<Value>, Problem> {
    let document = records::put("bulk", "huge", &json!({ "text": "x".repeat(bytes) }))?;
    Ok(Json(json!({ "bytes": document.data.len() })))
}

fn write_much(Path(count): Path<u32>) -> Result<Json<Value>, Problem> {
    let text = "x".repeat(32 * 1024);
    for serial in 0..count {
        let data = json!({ "kind": "bulk", "serial": serial, "text": text });
        records::put("bulk", &format!("bulk-{serial}"), &data)?;
    }
    Ok(Json(json!({ "records": count })))
}

#[derive(Default, Serialize, Deserialize)]
struct Counter {
    value: u64,
}

fn count(Path(counter): Path<String>) -> Result<Json<Counter>, Problem> {
    let before = read_counter("counters", &counter)?;
    // Work between reading and writing, so that concurrent requests meet in the middle.
    let busy = (0..200_000_u64).fold(before.value, |sum, number| black_box(sum ^ number.rotate_left(7)));
    black_box(busy);
    let after = Counter {
        value: before.value + 1,
    };
    records::put("counters", &counter, &after)?;
    Ok(Json(after))
}

fn counted(Path(counter): Path<String>) -> Result<Json<Counter>, Problem> {
    Ok(Json(read_counter("counters", &counter)?))
}

fn read_counter(collection: &str, id: &str) -> Result<Counter, Problem> {
    match records::get(collection, id) {
        Ok(document) => Ok(document.read()?),
        Err(records::RecordError::NotFound) => Ok(Counter::default()),
        Err(error) => Err(error.into()),
    }
}

fn foreign(Path(service): Path<String>) -> Result<Json<Value>, Problem> {
    let service = mooring_sdk::services::get(&service)?;
    Ok(Json(json!({ "id": service.id })))
}

/// A host that grants nothing may also refuse to load a component that imports this much; hence the feature.
#[cfg(feature = "reach")]
fn reach() -> Json<Value> {
    let listed = std::fs::read_dir("/").map(Iterator::count);
    let opened = std::fs::read("/etc/passwd").map(|bytes| bytes.len());
    let connected = std::net::TcpStream::connect(("127.0.0.1", 80)).map(|_| ());
    Json(json!({
        "directory": format!("{listed:?}"),
        "file": format!("{opened:?}"),
        "socket": format!("{connected:?}"),
        "environment": std::env::vars().count(),
        "arguments": std::env::args().count(),
    }))
}

fn new_user(email: String) -> NewUser {
    NewUser {
        email,
        ..NewUser::default()
    }
}

#[cfg(test)]
mod tests {
    use mooring_sdk::testing::TestHost;

    use super::*;

    #[test]
    fn its_manifest_is_sound_and_what_behaves_works() {
        let mut host = TestHost::<Misbehaving>::new();
        let key = host.key(&[]);
        assert_eq!(host.get("/well").send().json(), json!({ "ok": true }));
        assert_eq!(
            host.post("/count/a").key(&key).send().json(),
            json!({ "value": 1 })
        );
        assert_eq!(host.post("/anonymous").send().status, 401);
        assert_eq!(
            host.get("/write-while-reading").key(&key).send().json()["detail"],
            "Denied(ReadOnly)"
        );
        let order = json!({ "kind": "fail", "times": 1 });
        assert_eq!(host.post("/schedule").key(&key).json(&order).send().status, 200);
        assert!(host.run_job().is_some_and(|run| run.result.is_err()));
        host.advance(5_000);
        assert!(host.run_job().is_some_and(|run| run.result.is_ok()));
        assert_eq!(host.events().len(), 1);
    }
}
