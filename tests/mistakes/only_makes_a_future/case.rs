//! Functions that return before the work begins, as `#[async_trait]` writes them.

use std::future::Future;
use std::pin::Pin;

#[mltrace::register]
fn boxed<'a>(name: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(async move { name.len() })
}

#[mltrace::register]
fn opaque(name: &str) -> impl Future<Output = usize> {
    let length = name.len();
    async move { length }
}

fn main() {}
