//! The programs under `pass/` compile and run. Those under `fail/` do not compile, and the `.stderr` file beside
//! each says what the user gets to read. After a change on purpose, run `TRYBUILD=overwrite cargo test -p ui-tests`
//! and read the diff.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*/*.rs");
}
