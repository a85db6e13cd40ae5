#pragma once
#include <weft/autograd/tensor.hpp>
#include <string>
#include <vector>
namespace weft::nn {
class Metric { public: Metric(const std::string&){} Metric(const char*){} void update(const Tensor&, const Tensor&, const Tensor& = {}); double result() const; void reset(); const std::string& name() const; };
class Metrics { public: Metrics()=default; Metrics(std::initializer_list<Metric>); explicit Metrics(std::vector<Metric>); void reset(); std::vector<Metric>::iterator begin(); std::vector<Metric>::iterator end(); std::vector<Metric>::const_iterator begin() const; std::vector<Metric>::const_iterator end() const; };
}
