// What training reports.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft::nn {

/// Named values in the order they are reported: loss, then metrics.
class Logs {
public:
    void set(const std::string& name, double value);
    bool contains(const std::string& name) const;
    /// Throws ValueError for a name that is not there, listing those that are.
    double operator[](const std::string& name) const;
    const std::vector<std::pair<std::string, double>>& values() const { return values_; }

private:
    std::vector<std::pair<std::string, double>> values_;
};

/// One value for each epoch, by name: history["val_accuracy"].back().
class History {
public:
    void add(int epoch, const Logs& logs);
    /// Throws ValueError for a name that is not there, listing those that are.
    const std::vector<double>& operator[](const std::string& name) const;
    bool contains(const std::string& name) const;
    std::vector<std::string> names() const;
    const std::vector<int>& epochs() const { return epochs_; }  ///< counted from 0

private:
    std::vector<int> epochs_;
    std::vector<std::pair<std::string, std::vector<double>>> columns_;
};

}  // namespace weft::nn
