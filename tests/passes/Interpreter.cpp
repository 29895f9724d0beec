#include "tests/passes/Interpreter.h"

#include "ir/HostTensor.h"
#include "ir/Layout.h"
#include "passes/Model.h"
#include "passes/Views.h"

#include "llvm/ADT/TypeSwitch.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

namespace quern::passes {
namespace {

using reference::Tensor;
using Values = llvm::DenseMap<mlir::Value, Tensor>;

std::vector<int64_t> list(llvm::ArrayRef<int64_t> values) { return values.vec(); }

std::string elementName(mlir::Type type) {
  if (type.isUnsignedInteger(8))
    return "u8";
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

Tensor constantTensor(mlir::ElementsAttr value) {
  ir::HostTensor host = ir::HostTensor::fromAttribute(value);
  std::vector<double> values(static_cast<size_t>(host.type().getNumElements()));
  host.loadRow(0, 1, values);
  return {list(host.type().getShape()), values};
}

/// The arena's bytes, by the value that was last written to them.
class Arena {
public:
  /// `offset` -1 is outside of the arena: a model output.
  void write(mlir::Value value, int64_t offset) {
    const void *key = value.getAsOpaquePointer();
    if (offset < 0)
      return;
    int64_t end = offset + ir::tensorBytes(tensorType(value));
    std::erase_if(live, [&](const auto &entry) {
      auto [otherStart, otherEnd] = entry.second;
      return otherStart < end && offset < otherEnd;
    });
    live[key] = {offset, end};
    placed.insert(key);
  }

  void checkReadable(mlir::Value value) const {
    const void *key = behindViews(value).getAsOpaquePointer();
    if (placed.contains(key) && !live.contains(key))
      throw std::runtime_error("a launch reads what was overwritten in the arena");
  }

private:
  std::map<const void *, std::pair<int64_t, int64_t>> live;
  std::set<const void *> placed;
};

class Interpreter {
public:
  Interpreter(mlir::ModuleOp module, const Parameters &parameters)
      : symbols(module), parameters(parameters) {}

  /// What the block's terminator names, given its arguments.
  std::vector<Tensor> runBlock(mlir::Block &block, std::vector<Tensor> arguments) {
    Values values;
    for (auto [argument, tensor] : llvm::zip_equal(block.getArguments(), arguments))
      values.try_emplace(argument, tensor);
    for (mlir::Operation &op : block) {
      std::vector<Tensor> operands;
      for (mlir::Value operand : op.getOperands())
        operands.push_back(values.at(operand));
      if (op.hasTrait<mlir::OpTrait::IsTerminator>())
        return operands;
      std::vector<Tensor> results = runOp(&op, operands);
      for (auto [result, tensor] : llvm::zip_equal(op.getResults(), results)) {
        if (tensor.shape != list(tensorType(result).getShape()))
          throw std::runtime_error(fmt::format("{} does not have the shape of its type",
                                               op.getName().getStringRef().str()));
        values.try_emplace(result, std::move(tensor));
      }
    }
    throw std::runtime_error("a block without a terminator");
  }

private:
  std::vector<Tensor> runOp(mlir::Operation *op, const std::vector<Tensor> &operands) {
    if (auto fused = llvm::dyn_cast<ir::FusedOp>(op))
      return runBlock(fused.getBody().front(), operands);
    if (auto launch = llvm::dyn_cast<ir::LaunchOp>(op)) {
      for (mlir::Value input : launch.getInputs())
        arena.checkReadable(input);
      auto kernel = symbols.lookup<mlir::func::FuncOp>(launch.getKernel());
      std::vector<Tensor> results = runBlock(kernel.front(), operands);
      if (launch.getOffsets())
        arena.write(launch.getOutputs().front(), launch.getOffsets()->front());
      return results;
    }
    if (auto scan = llvm::dyn_cast<ir::ScanOp>(op))
      return runScan(scan, operands);
    return {value(op, operands)};
  }

  /// The body once a step, on what is read and written at that place of the sequences.
  std::vector<Tensor> runScan(ir::ScanOp scan, const std::vector<Tensor> &operands) {
    auto count = static_cast<int64_t>(scan.getSequences().size());
    std::vector<Tensor> states(operands.begin() + count,
                               operands.begin() + count + scan.getInits().size());
    std::vector<Tensor> invariants(operands.end() - scan.getInvariants().size(), operands.end());
    std::vector<std::vector<Tensor>> stacked(states.size());
    for (int64_t step = 0; step < scan.getSteps(); ++step) {
      std::vector<Tensor> arguments;
      for (int64_t i = 0; i < count; ++i) {
        int64_t axis = scan.getAxes()[i];
        reference::Shape starts(operands[i].rank(), 0), ones(operands[i].rank(), 1);
        reference::Shape sizes = operands[i].shape, rest = operands[i].shape;
        starts[axis] = step;
        sizes[axis] = 1;
        rest.erase(rest.begin() + axis);
        arguments.push_back(
            reference::reshape(reference::slice(operands[i], starts, sizes, ones), rest));
      }
      arguments.insert(arguments.end(), states.begin(), states.end());
      arguments.insert(arguments.end(), invariants.begin(), invariants.end());
      states = runBlock(scan.getBody().front(), arguments);
      for (size_t i = 0; i < states.size(); ++i) {
        reference::Shape wide = states[i].shape;
        wide.insert(wide.begin() + scan.getResultAxes()[i], 1);
        stacked[i].push_back(reference::reshape(states[i], wide));
      }
    }
    std::vector<Tensor> results;
    for (size_t i = 0; i < stacked.size(); ++i)
      results.push_back(reference::concat(stacked[i], scan.getResultAxes()[i]));
    return results;
  }

  Tensor value(mlir::Operation *op, const std::vector<Tensor> &in) {
    llvm::StringRef name = op->getName().stripDialect();
    return llvm::TypeSwitch<mlir::Operation *, Tensor>(op)
        .Case([&](ir::ConstantOp o) { return constantTensor(o.getValue()); })
        .Case([&](ir::ParameterOp o) { return parameters.at(o.getKey().str()); })
        .Case([&](ir::ConvOp o) {
          return reference::conv(in[0], in[1],
                                 {list(o.getStrides()), list(o.getDilations()), list(o.getPadLow()),
                                  list(o.getPadHigh())},
                                 static_cast<int64_t>(o.getGroups()));
        })
        // The filter itself: a convolution that reads a transformed one knows its shape.
        .Case([&](ir::FilterTransformOp) { return in[0]; })
        .Case([&](ir::ContractOp o) {
          return reference::contract(in[0], reference::reshape(in[1], list(o.getRhsShape())),
                                     o.getLhsAxes(), o.getRhsAxes(), o.getResultAxes());
        })
        .Case([&](ir::AttentionOp o) {
          return reference::attention(in[0], in[1], in[2], o.getMask() ? &in[3] : nullptr,
                                      o.getScale().convertToDouble());
        })
        .Case([&](ir::WindowReduceOp o) {
          return reference::windowReduce(in[0], ir::stringifyReduceKind(o.getKind()),
                                         list(o.getWindow()),
                                         {list(o.getStrides()), list(o.getDilations()),
                                          list(o.getPadLow()), list(o.getPadHigh())},
                                         o.getCountPadding());
        })
        .Case([&](ir::ReduceOp o) {
          return reference::reduce(in[0], ir::stringifyReduceKind(o.getKind()), list(o.getAxes()),
                                   o.getKeepAxes());
        })
        .Case([&](ir::SoftmaxOp o) {
          return reference::softmax(in[0], static_cast<int64_t>(o.getAxis()));
        })
        .Case([&](ir::ReshapeOp o) { return reference::reshape(in[0], list(o.getShape())); })
        .Case([&](ir::TransposeOp o) {
          return reference::transpose(in[0], list(o.getPermutation()));
        })
        .Case([&](ir::BroadcastOp o) { return reference::broadcast(in[0], list(o.getShape())); })
        .Case([&](ir::SliceOp o) {
          return reference::slice(in[0], list(o.getStarts()), list(o.getSizes()),
                                  list(o.getStrides()));
        })
        .Case([&](ir::ConcatOp o) {
          return reference::concat(in, static_cast<int64_t>(o.getAxis()));
        })
        .Case([&](ir::PadOp o) {
          return reference::pad(in[0], list(o.getLow()), list(o.getHigh()),
                                o.getValue().convertToDouble());
        })
        .Case([&](ir::GatherOp o) {
          return reference::gather(in[0], in[1], static_cast<int64_t>(o.getAxis()));
        })
        .Case([&](ir::IotaOp o) {
          return reference::iota(list(o.getShape()), static_cast<int64_t>(o.getAxis()));
        })
        .Case([&](ir::ResizeOp o) {
          return reference::resize(
              in[0], list(o.getSizes()), static_cast<reference::ResizeMode>(o.getMode()),
              static_cast<reference::ResizeCoordinates>(o.getCoordinates()), o.getAntialias());
        })
        .Case([&](ir::CastOp o) { return reference::cast(in[0], elementName(o.getTo())); })
        .Case([&](ir::CmpOp o) {
          return reference::compare(ir::stringifyCmpPredicate(o.getPredicate()), in[0], in[1]);
        })
        .Case([&](ir::DivOp o) {
          Tensor quotient = reference::binary("div", in[0], in[1]);
          mlir::Type element = tensorType(o.getResult()).getElementType();
          return llvm::isa<mlir::IntegerType>(element)
                     ? reference::cast(quotient, elementName(element))
                     : quotient;
        })
        .Case([&](ir::SelectOp) { return reference::select(in[0], in[1], in[2]); })
        .Default([&](mlir::Operation *other) {
          if (!other->hasTrait<ir::Elementwise>())
            throw std::runtime_error(fmt::format("the interpreter does not know {}", name.str()));
          return in.size() == 1 ? reference::unary(name, in[0])
                                : reference::binary(name, in[0], in[1]);
        });
  }

  mlir::SymbolTable symbols;
  const Parameters &parameters;
  Arena arena;
};

} // namespace

std::vector<Tensor> interpret(mlir::ModuleOp module, const Parameters &parameters,
                              const std::vector<Tensor> &inputs) {
  Interpreter interpreter(module, parameters);
  std::vector<Tensor> arguments = inputs;
  if (mlir::func::FuncOp prepare = prepareOf(module))
    for (Tensor &weight : interpreter.runBlock(prepare.front(), {}))
      arguments.push_back(std::move(weight));
  return interpreter.runBlock(modelOf(module).front(), arguments);
}

} // namespace quern::passes
