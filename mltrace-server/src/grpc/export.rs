//! `TraceService.Export` of OpenTelemetry: the same spans as over HTTP, and the same reader.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::post;
use mltrace_core::otlp::Encoding;
use prost::bytes::{Buf as _, Bytes};
use tonic::Status;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder};
use tonic::server::Grpc;
use tonic_prost::{ProstCodec, ProstEncoder};

use super::Call;
use crate::api::{Export, Exported};
use crate::app::App;
use crate::bodies::{self, LIMIT};
use crate::failure::Failure;
use crate::routes::Routes;

/// Where spans are sent.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

pub(super) fn routes(routes: Routes) -> Routes {
    let handler = async |State(app): State<Arc<App>>, request: Request| match super::check(&request) {
        Ok(()) => export(app, request).await.unwrap_or_else(Failure::into_grpc),
        Err(failure) => failure.into_json(),
    };
    routes.route(Method::POST, EXPORT, post(handler))
}

async fn export(app: Arc<App>, request: Request) -> Result<Response, Failure> {
    let (head, body) = request.into_parts();
    let is_packed = head.headers.get("grpc-encoding").is_some_and(|coding| coding != "identity");
    let connection = head.extensions.clone();
    let mut whole = Request::new(body);
    *whole.extensions_mut() = connection;
    let body = app.room.read(whole, LIMIT).await?;
    // What it is once it is unpacked is not known before.
    let _room = if is_packed { Some(app.room.take_for_unpacked(LIMIT).await?) } else { None };
    let request = axum::http::Request::from_parts(head, Body::from(body.bytes));
    let record = |message: Bytes| {
        let app = Arc::clone(&app);
        async { bodies::read(app, message, false, Export(Encoding::Protobuf)).await.map(Exported::of) }
    };
    let grpc = Grpc::new(Whole).accept_compressed(CompressionEncoding::Gzip).max_decoding_message_size(LIMIT);
    Ok(super::response({ grpc }.unary(Call(record), request).await))
}

/// Hands a message over as it came: our own reader parses it.
#[derive(Clone, Copy, Debug)]
struct Whole;

impl Codec for Whole {
    type Encode = Exported;
    type Decode = Bytes;
    type Encoder = ProstEncoder<Exported>;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<Exported, Exported>::default().encoder()
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Decoder for Whole {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
