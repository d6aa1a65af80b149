//! The `mooring` command; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mooring::cli::main()
}
