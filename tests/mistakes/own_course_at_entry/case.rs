//! Expressions at entry that would change what the function does.

#[mltrace::register(inputs = [find(name)?], params = [later().await, return])]
async fn clean(name: &str) -> Option<usize> {
    Some(name.len())
}

fn find(name: &str) -> Option<&str> {
    Some(name)
}

async fn later() -> u8 {
    3
}

fn main() {}
