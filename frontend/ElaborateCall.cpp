// Calls: which argument goes to which parameter, and running the callee.
#include "frontend/Elaborator.h"
#include "frontend/Primitives.h"

namespace quern::frontend {

Value Elaborator::evaluateCall(const CallExpr &expr, std::optional<std::string> label) {
  Value callee = evaluate(expr.callee);
  if (callee.isPoison()) {
    // Mistakes in the arguments are worth telling even so.
    for (const Argument &argument : expr.arguments)
      evaluate(argument.value);
    return Value();
  }
  // Element types convert numbers as modules would: `float(n)`.
  if (!callee.isFunction()) {
    error<diag::NotCallable>(expr.callee->range, callee.describe());
    return Value();
  }
  return call(callee.asFunction(), expr.arguments, expr.range, std::move(label));
}

bool Elaborator::assignArguments(const Callable &callable, llvm::ArrayRef<Argument> arguments,
                                 SMRange range,
                                 llvm::SmallVectorImpl<const Argument *> &byParameter) {
  byParameter.assign(callable.parameters.size(), nullptr);
  StringRef name = callable.name.text;
  bool isValid = true;
  size_t position = 0;
  for (const Argument &argument : arguments) {
    size_t target = callable.parameters.size();
    if (!argument.isKeyword()) {
      target = position++;
      if (target == callable.parameters.size()) {
        error<diag::TooManyArguments>(argument.value->range, name, callable.parameters.size(),
                                      callable.parameters.size() == 1 ? "" : "s")
            .note<diag::DeclaredHere>(callable.name.range, name);
        isValid = false;
      }
      if (target >= callable.parameters.size())
        continue;
    } else {
      std::vector<StringRef> names;
      for (const Parameter &parameter : callable.parameters)
        names.push_back(parameter.name.text);
      target = llvm::find(names, argument.name.text) - names.begin();
      if (target == names.size()) {
        error<diag::UnknownArgument>(argument.name.range, name, argument.name.text,
                                     didYouMean(argument.name.text, names))
            .note<diag::DeclaredHere>(callable.name.range, name);
        isValid = false;
        continue;
      }
      if (byParameter[target]) {
        error<diag::DuplicateArgument>(argument.name.range, argument.name.text)
            .note<diag::FirstGivenHere>(byParameter[target]->value->range);
        isValid = false;
        continue;
      }
    }
    byParameter[target] = &argument;
  }
  if (!isValid)
    return false;
  for (auto [parameter, argument] : llvm::zip(callable.parameters, byParameter))
    if (!argument && !parameter.defaultValue) {
      error<diag::MissingArgument>(range, name, parameter.name.text)
          .note<diag::DeclaredHere>(parameter.name.range, parameter.name.text);
      isValid = false;
    }
  return isValid;
}

bool Elaborator::bindArguments(Frame &callee, llvm::ArrayRef<Argument> arguments, SMRange range,
                               std::vector<ArgumentValue> &values) {
  const Callable &callable = *callee.callable;
  llvm::SmallVector<const Argument *> byParameter;
  bool isValid = assignArguments(callable, arguments, range, byParameter);
  values.resize(callable.parameters.size());
  llvm::SmallPtrSet<const Argument *, 8> seen;
  // In the order written, which is that of the graph.
  for (const Argument &argument : arguments) {
    size_t target = llvm::find(byParameter, &argument) - byParameter.begin();
    if (target == byParameter.size()) {
      evaluate(argument.value);
      continue;
    }
    Value value = mentionsAxis(*callable.parameters[target].type) ? evaluateAxes(argument.value)
                                                                  : evaluate(argument.value);
    if (value.hasPoison())
      isValid = false;
    values[target] = {std::move(value), argument.value->range};
  }
  return isValid && !frame->isDone && bindValues(callee, range, values);
}

bool Elaborator::bindValues(Frame &callee, SMRange range, std::vector<ArgumentValue> &values) {
  bool isValid = true;
  // A copy: converting an argument may replace the list that a tensor is in.
  std::optional<Value::Tensor> firstTensor;
  for (const ArgumentValue &value : values)
    if (const Value::Tensor *tensor = value.value.firstTensor(); tensor && !firstTensor)
      firstTensor = *tensor;
  const Value::Tensor *axisTensor = firstTensor ? &*firstTensor : nullptr;
  for (auto [parameter, value] : llvm::zip_equal(callee.callable->parameters, values)) {
    if (!value.isGiven()) {
      Enter enter(*this, callee);
      value.value = mentionsAxis(*parameter.type) ? evaluateAxes(parameter.defaultValue)
                                                  : evaluate(parameter.defaultValue);
      if (value.value.hasPoison())
        return false;
    }
    // A default is the callee's own: what is wrong with it is wrong there.
    SMRange where = value.isGiven() ? value.range : range;
    if (!conform(callee, *parameter.type, value.value, where, parameter.name.text, axisTensor))
      isValid = false;
    callee.variables[parameter.name.text] = isValid ? value.value : Value();
  }
  return isValid;
}

Value Elaborator::call(const Function &function, llvm::ArrayRef<Argument> arguments, SMRange range,
                       std::optional<std::string> label) {
  return invoke(function, range, std::move(label),
                [&](Frame &callee, std::vector<ArgumentValue> &values) {
                  return bindArguments(callee, arguments, range, values);
                });
}

Value Elaborator::apply(const Function &function, llvm::ArrayRef<ArgumentValue> given,
                        SMRange range) {
  return invoke(function, range, std::nullopt,
                [&](Frame &callee, std::vector<ArgumentValue> &values) {
                  llvm::ArrayRef<Parameter> parameters = callee.callable->parameters;
                  StringRef name = callee.callable->name.text;
                  if (given.size() > parameters.size()) {
                    error<diag::TooManyArguments>(range, name, parameters.size(),
                                                  parameters.size() == 1 ? "" : "s")
                        .note<diag::DeclaredHere>(callee.callable->name.range, name);
                    return false;
                  }
                  for (const Parameter &parameter : parameters.drop_front(given.size()))
                    if (!parameter.defaultValue) {
                      error<diag::MissingArgument>(range, name, parameter.name.text)
                          .note<diag::DeclaredHere>(parameter.name.range, parameter.name.text);
                      return false;
                    }
                  values = given.vec();
                  values.resize(parameters.size());
                  return bindValues(callee, range, values);
                });
}

Value Elaborator::invoke(const Function &function, SMRange range, std::optional<std::string> label,
                         llvm::function_ref<bool(Frame &, std::vector<ArgumentValue> &)> bind) {
  const Callable &callable = *function.callable;
  if (callable.kind == Callable::Kind::Model) {
    error<diag::ModelCalled>(range, callable.name.text);
    return Value();
  }
  Frame callee;
  callee.file = function.file;
  callee.callable = &callable;
  callee.caller = frame;
  callee.callRange = range;
  if (function.captured)
    callee.variables = function.captured->variables;
  callee.isLabelled = label.has_value();
  callee.depth = frame->depth + 1;
  if (callee.depth > callDepthLimit) {
    error<diag::CallsTooDeep>(range, callable.name.text, callDepthLimit);
    frame->isDone = true;
    return Value();
  }
  std::vector<ArgumentValue> values;
  if (!bind(callee, values))
    return Value();
  if (callable.kind == Callable::Kind::Primitive) {
    PrimitiveFunction meaning = primitiveNamed(callable.name.text);
    if (!meaning) {
      error<diag::NoMeaning>(range, callable.name.text);
      return Value();
    }
    return meaning(PrimitiveCall(*this, callable, values, range));
  }
  if (buildsGraph)
    callee.callLocation = location(range);
  size_t length = labels.size();
  if (label)
    labels.append(labels.empty() ? "" : ".").append(*label);
  {
    Enter enter(*this, callee);
    evaluateBlock(callable.body, /*isValueUsed=*/false);
    if (!callee.isDone && !diagnostics.isFull()) {
      SMLoc brace = SMLoc::getFromPointer(callable.body.range.End.getPointer() - 1);
      error<diag::MissingReturn>({brace, callable.body.range.End}, callable.name.text);
    }
    if (!checkResult(callee))
      callee.result = Value();
  }
  labels.resize(length);
  if (callee.result.isTensor())
    return Value::tensor(callee.result.asTensor().value, range);
  return callee.result;
}

} // namespace quern::frontend
