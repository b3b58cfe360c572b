#include "run/engine.h"

#include "run/machine.h"

namespace kfrun::run {

Engine::Engine(std::shared_ptr<const pipeline::Pipeline> pipeline, Values arguments, EngineOptions options)
    : machine_(std::make_unique<Machine>(std::move(pipeline), std::move(arguments), std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::apply(const EngineEvent& event) { machine_->apply(event); }
std::vector<EngineCommand> Engine::next() { return machine_->take_commands(); }
bool Engine::ended() const { return machine_->ended(); }
bool Engine::suspended() const { return machine_->suspended(); }
State Engine::state() const { return machine_->state(); }
std::vector<InstanceView> Engine::instances() const { return machine_->views(); }
std::string Engine::to_text() const { return machine_->to_text(); }

}  // namespace kfrun::run
