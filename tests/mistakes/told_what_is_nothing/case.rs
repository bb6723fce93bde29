//! Values that name or show nothing, told from inside.

struct Opaque;

fn main() {
    mltrace::input!("zones", 5u32);
    mltrace::param!("opaque", Opaque);
    mltrace::param!(7, 8);
}
