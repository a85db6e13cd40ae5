// Training or inference, for what a thread runs within a scope.
#pragma once

namespace weft::nn {

/// Overrides every module's own train()/eval() flag on this thread while it lives: fit, evaluate and predict use it, so
/// that predicting never writes to the model.
class ModeScope {
public:
    explicit ModeScope(bool training);
    ~ModeScope();
    ModeScope(const ModeScope&) = delete;
    ModeScope& operator=(const ModeScope&) = delete;

private:
    int before_;
};

/// What the innermost ModeScope of this thread says: 1 training, 0 inference, -1 none.
int mode_override();

}  // namespace weft::nn
