//! What tests of the surfaces' documents need: a validator and schemathesis, both Python packages.

use std::ffi::OsStr;
use std::path::Path;

use crate::python;
use crate::step::root;

/// Installs both into a folder of their own under cargo's, where the tests look for them. Where that fails, the tests say that
/// they were skipped; with `CI=true` they fail.
pub(crate) fn ensure(target: &Path) {
    let requirements = root().join("tests/python/openapi/requirements.txt");
    let wanted = [OsStr::new("-r"), requirements.as_os_str()];
    let probe = "import openapi_spec_validator, schemathesis";
    if let Err(error) = python::install(&target.join("openapi"), wanted, probe) {
        eprintln!("NOT ALL TESTS WILL RUN: the tools for OpenAPI cannot be installed: {error:#}");
    }
}
