//! Every mistake that the attribute explains, in a folder named by it, with what the compiler then says.

#[test]
fn every_mistake_is_told_on_its_own_token() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*/case.rs");
}
