//! An output that only an inner `async` block binds.

#[mltrace::register(outputs = [shard])]
async fn split() -> String {
    let later = async {
        let shard = String::from("part.csv");
        shard
    };
    later.await
}

fn main() {}
