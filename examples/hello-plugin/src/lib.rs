//! The smallest useful Mooring plugin: it greets, and counts whom it has greeted.

use mooring_sdk::prelude::*;
use mooring_sdk::{Collection, records};
use serde::{Deserialize, Serialize};

struct Hello;

impl Plugin for Hello {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] = &[
        Route::get("ping", "/ping", handler!(ping))
            .public()
            .summary("Answers, and nothing else."),
        Route::post("greet", "/greetings", handler!(greet)).summary("Greets somebody, and remembers it."),
        Route::get("greeted", "/greetings/{name}", handler!(greeted))
            .summary("How often somebody was greeted."),
    ];

    fn info() -> Info {
        Info::new(
            "hello",
            env!("CARGO_PKG_VERSION"),
            "Greets, and counts whom it has greeted.",
        )
        .bearer()
        .key_prefix("hello_")
        .scope("hello", "Greet.")
        .collection(Collection::new("greetings"))
    }

    fn problem(problem: &Problem) -> Response {
        Response::json(
            problem.status(),
            &Failure {
                error: problem.to_string(),
            },
        )
    }
}

mooring_sdk::register!(Hello);

#[derive(Deserialize)]
struct Greet {
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Greeting {
    name: String,
    times: u64,
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

fn ping() -> Result<Response, Problem> {
    Ok(Response::text(200, "pong"))
}

fn greet(Json(greet): Json<Greet>) -> Result<Json<Greeting>, Problem> {
    let times = match records::get("greetings", &greet.name) {
        Ok(document) => document.read::<Greeting>()?.times,
        Err(records::RecordError::NotFound) => 0,
        Err(error) => return Err(error.into()),
    };
    // Two greetings at the same time: the host runs one of them again, so no count is lost.
    let greeting = Greeting {
        name: greet.name,
        times: times + 1,
    };
    records::put("greetings", &greeting.name, &greeting)?;
    Ok(Json(greeting))
}

fn greeted(Path(name): Path<String>) -> Result<Json<Greeting>, Problem> {
    Ok(Json(records::get("greetings", &name)?.read()?))
}
