#pragma once

#include <ATen/core/Tensor.h>

at::Tensor cuda_forward(const at::Tensor& x, const at::Tensor& alpha, const at::Tensor& beta, bool logscale);
