//! gRPC on the same port: the exporters of OpenTelemetry, and a service of our own, behind the checks of every request.

mod export;

mod lineage;

mod message;

use std::pin::Pin;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use tonic::server::UnaryService;
use tonic::{Code, Status};

use crate::api;
use crate::failure::Failure;
use crate::routes::Routes;

/// The types of a body of gRPC; what is not named is protobuf.
const TYPES: [&str; 2] = ["application/grpc", "application/grpc+proto"];

pub(crate) fn routes(routes: Routes) -> Routes {
    lineage::routes(export::routes(routes))
}

/// Refuses a request that is not gRPC, as a form of a foreign page is not.
fn check(request: &Request) -> Result<(), Failure> {
    api::check_type(request.headers(), &TYPES)
}

/// Returns a failure as a call learns of it.
fn status(failure: &Failure) -> Status {
    Status::new(Code::from_i32(failure.grpc_code()), failure.text())
}

/// Returns a response of tonic's as one of ours.
fn response(of_tonic: axum::http::Response<tonic::body::Body>) -> Response {
    of_tonic.map(Body::new)
}

/// What is done with the one message of a call.
struct Call<F>(F);

impl<M, R, F, D> UnaryService<M> for Call<F>
where
    F: FnMut(M) -> D,
    D: Future<Output = Result<R, Failure>> + Send + 'static,
    R: 'static,
{
    type Response = R;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<R>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<M>) -> Self::Future {
        let done = (self.0)(request.into_inner());
        Box::pin(async { done.await.map(tonic::Response::new).map_err(|failure| status(&failure)) })
    }
}
